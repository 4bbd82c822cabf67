/*
title: {en: "Active volunteer mentors", fr: "Mentors bénévoles actifs"}
why: "Neighbours who give their time to a newcomer."
unit: persons
better: up
serves: ["2.2", "2.3"]
class: persons
kind: stock
fresh_days: 200
caveats: [service_contacts]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'volunteer_mentors'
