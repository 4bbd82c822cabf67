/*
title: {en: "Newcomers Kitchen cooks", fr: "Cuisinières et cuisiniers de la cuisine des nouveaux arrivants"}
why: "How many people the kitchen gives work; usually a handful, so expect it to be withheld."
unit: persons
better: up
serves: ["2.2", "2.5"]
class: persons
kind: flow
fresh_days: 200
caveats: [small_numbers]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'kitchen_cooks'
