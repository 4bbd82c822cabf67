/*
title: {en: "Attendances at training sessions", fr: "Présences aux séances de formation"}
why: "How many people sessions reach; one person may be counted at several."
unit: attendances
better: up
serves: ["2.3"]
class: persons
kind: flow
fresh_days: 200
caveats: [service_contacts]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'training_participants'
