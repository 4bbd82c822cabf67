/*
title: {en: "Service contacts", fr: "Contacts de service"}
why: "How much settlement, language and employment service is given; contacts, never people."
unit: contacts
better: context
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
where metric = 'service_contacts'
