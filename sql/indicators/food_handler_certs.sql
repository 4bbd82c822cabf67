/*
title: {en: "Food handler certificates earned by newcomers", fr: "Certificats de manipulation des aliments obtenus par de nouveaux arrivants"}
why: "A first credential for work with food, in the languages newcomers speak."
unit: certificates
better: up
serves: ["2.2", "2.5"]
class: persons
kind: flow
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'food_handler_certs'
