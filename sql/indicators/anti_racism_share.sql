/*
title: {en: "Members with a public anti-racism policy or resource", fr: "Membres dotés d'une politique ou d'un outil antiraciste public"}
why: "A public act of an organisation, of those that answered whether they have one."
unit: percent
better: up
serves: ["2.4"]
class: open
kind: ratio
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select
    partnership.place,
    coverage.period,
    sum(case when coverage.value > 0 then 1 else 0 end) as numerator,
    sum(coverage.reported) as denominator,
    sum(coverage.reported) as reporters,
    count(*) as expected
from partner_coverage coverage
cross join partnership
where coverage.metric = 'anti_racism_actions'
group by partnership.place, coverage.period
