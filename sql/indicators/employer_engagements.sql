/*
title: {en: "Employers engaged, counted by each partner", fr: "Employeurs mobilisés, comptés par chaque partenaire"}
why: "Who hires newcomers; an employer two partners met is counted by both."
unit: employers
better: up
serves: ["2.5"]
class: open
kind: flow
fresh_days: 200
caveats: [service_contacts]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'employer_engagements'
