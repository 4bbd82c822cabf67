/*
title: {en: "Welcome Passes issued", fr: "Laissez-passer de bienvenue remis"}
why: "How many doors were opened to newcomers."
unit: passes
better: up
serves: ["2.2"]
class: persons
kind: flow
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'welcome_passes'
