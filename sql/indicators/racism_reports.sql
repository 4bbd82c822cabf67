/*
title: {en: "Racism and discrimination reports received", fr: "Signalements de racisme et de discrimination reçus"}
why: "More reports are not more racism; a count is shown only when it is large enough to protect people."
unit: reports
better: context
serves: ["2.4"]
class: persons_sensitive
kind: flow
fresh_days: 200
caveats: [reported_not_all, small_numbers]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'racism_reports'
