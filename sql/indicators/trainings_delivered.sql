/*
title: {en: "Toolkit trainings", fr: "Formations de la trousse"}
why: "Capacity building of organisations and businesses."
unit: sessions
better: up
serves: ["2.3"]
class: open
kind: flow
fresh_days: 200
caveats: []
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'trainings_delivered'
