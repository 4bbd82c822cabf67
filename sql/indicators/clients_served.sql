/*
title: {en: "Clients, counted by each partner", fr: "Clients, comptés par chaque partenaire"}
why: "How much service partners give; a person seen by two partners is counted by both, so it is never called newcomers."
unit: contacts
better: up
serves: ["2.2"]
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
where metric = 'clients_served'
