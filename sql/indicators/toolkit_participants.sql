/*
title: {en: "Participants in Integration Toolkit sessions", fr: "Participants aux séances de la trousse d'intégration"}
why: "How many managers, staff and volunteers the toolkit reaches; one person may attend several sessions."
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
where metric = 'toolkit_participants'
