/*
title: {en: "Wait for English classes", fr: "Attente d'un cours d'anglais"}
why: "A wait for language training delays work and belonging."
unit: persons
better: down
serves: ["2.2"]
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
where metric = 'language_wait'
