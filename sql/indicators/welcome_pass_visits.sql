/*
title: {en: "Visits made with a Welcome Pass", fr: "Visites faites avec le laissez-passer de bienvenue"}
why: "Whether passes are used; one pass makes many visits."
unit: visits
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
where metric = 'welcome_pass_visits'
