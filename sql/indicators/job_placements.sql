/*
title: {en: "Job placements", fr: "Placements en emploi"}
why: "Whether employers hire (objective 2.5)."
unit: persons
better: up
serves: ["2.5"]
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
where metric = 'job_placements'
