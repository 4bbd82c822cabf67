/*
title: {en: "Newcomers Kitchen proceeds", fr: "Recettes de la cuisine des nouveaux arrivants"}
why: "What the kitchen earns before costs; divided by few cooks it would be somebody's income."
unit: dollars
better: up
serves: ["2.2", "2.5"]
class: money
kind: flow
fresh_days: 200
never_with: kitchen_cooks
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'kitchen_proceeds'
