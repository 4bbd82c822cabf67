/*
title: {en: Welcome Passes used at least once, fr: Laissez-passer de bienvenue utilisés au moins une fois}
why: Whether the pass opens doors; only partners that gave both numbers count, and both parts are protected before the share is taken.
unit: percent
better: up
serves: ["2.2"]
class: persons
kind: ratio
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
with pairs as (
    select
        used.period,
        used.value as used,
        issued.value as issued,
        case when used.value is null or issued.value is null then 0 else 1 end as reported
    from partner_coverage used
    join partner_coverage issued
        on issued.partner = used.partner and issued.period = used.period and issued.metric = 'welcome_passes'
    where used.metric = 'welcome_passes_used'
)
select
    partnership.place,
    pairs.period,
    sum(case when pairs.reported = 1 then pairs.used else 0 end) as numerator,
    sum(case when pairs.reported = 1 then pairs.issued else 0 end) as denominator,
    sum(pairs.reported) as reporters,
    count(*) as expected,
    sum(case when pairs.reported = 1 and pairs.used > 0 then 1 else 0 end) as contributors
from pairs
cross join partnership
group by partnership.place, pairs.period
