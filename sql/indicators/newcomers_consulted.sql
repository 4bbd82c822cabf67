/*
title: {en: "Newcomers taking part in consultations", fr: "Nouveaux arrivants participant à des consultations"}
why: "Whether newcomers are heard; one person may be counted at several consultations."
unit: attendances
better: up
serves: ["3.4"]
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
where metric = 'newcomers_consulted'
