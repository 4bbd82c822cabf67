/*
title: {en: "Metrics of partners against their denominator", fr: "Indicateurs des partenaires rapportés à leur dénominateur"}
why: A share is taken over the partners that gave both of its numbers, and says how many those are.
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Which metric is the denominator of which says the register, by the definition in force on the last day of the period.
with pairs as (
    select
        part.metric,
        part.period,
        part.value as part,
        whole.value as whole,
        case when part.value is null or whole.value is null then 0 else 1 end as reported
    from partner_coverage part
    join partner_coverage whole on whole.partner = part.partner and whole.period = part.period and whole.metric <> part.metric
    where
        part.metric in (select metrics.metric from metrics where metrics.denominator is not null)
        and whole.metric in (select metrics.denominator from metrics)
        and exists (
            select 1 from metrics
            join period on period.code = part.period
            where
                metrics.metric = part.metric and metrics.denominator = whole.metric
                and metrics.valid_from <= period."end" and (metrics.valid_to is null or metrics.valid_to >= period."end")
        )
)
select
    partnership.place,
    pairs.metric,
    pairs.period,
    sum(case when pairs.reported = 1 then pairs.part else 0 end) as numerator,
    sum(case when pairs.reported = 1 then pairs.whole else 0 end) as denominator,
    sum(pairs.reported) as reporters,
    count(*) as expected,
    sum(case when pairs.reported = 1 and pairs.part > 0 then 1 else 0 end) as contributors
from pairs
cross join partnership
group by partnership.place, pairs.metric, pairs.period
