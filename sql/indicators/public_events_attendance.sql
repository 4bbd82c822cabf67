/*
title: {en: "Public event attendance", fr: "Présences aux événements publics"}
why: "Whether the public meets newcomers; attendances, not people."
unit: attendances
better: up
serves: ["2.1"]
class: persons
kind: flow
fresh_days: 200
caveats: []
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'public_events_attendance'
