/*
title: {en: Partner totals with coverage, fr: Totaux des partenaires et couverture}
why: One total per metric and quarter over the partners that owe it, with how many reported and how many contributed.
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select
    partnership.place,
    coverage.metric,
    coverage.period,
    sum(coverage.value) as value,
    sum(coverage.reported) as reporters,
    count(*) as expected,
    sum(case when coverage.value > 0 then 1 else 0 end) as contributors
from partner_coverage coverage
cross join partnership
group by partnership.place, coverage.metric, coverage.period
