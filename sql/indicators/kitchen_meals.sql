/*
title: {en: "Newcomers Kitchen meals sold", fr: "Repas vendus par la cuisine des nouveaux arrivants"}
why: "What the kitchen brings to the table; the cooks are too few to be counted out."
unit: meals
better: up
serves: ["2.2", "2.5"]
class: open
kind: flow
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'kitchen_meals'
