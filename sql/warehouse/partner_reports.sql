/*
title: {en: "What each partner reported, over all breakdowns", fr: "Ce que chaque partenaire a déclaré, toutes répartitions réunies"}
why: The shared metrics and the programmes are reported on sheets of their own; a total is one number per partner, metric and quarter.
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- A partner that gives the number for all is taken at its word; else its parts are added up, one column of a breakdown at a time, and
-- only where each part it gave is a number: a part not collected leaves the sum unknown, not smaller.
with given as (
    select partner, metric, period, value, 0 as split from partner_metrics
    union all
    select partner, metric, period, value, case when language = 'all' then 0 else 1 end as split from partner_kitchen
    union all
    select partner, metric, period, value, case when venue = 'all' then 0 else 1 end as split from partner_welcome_pass
    union all
    select
        partner, metric, period, value,
        case when topic = 'all' then 0 else 1 end + case when audience = 'all' then 0 else 2 end as split
    from partner_toolkit
    union all
    select
        partner, metric, period, value,
        case when service = 'all' then 0 else 1 end + case when language = 'all' then 0 else 2 end as split
    from partner_services
),
ranked as (
    select partner, metric, period, value, split, min(split) over (partition by partner, metric, period) as least_split
    from given
)
select partner, metric, period, case when count(value) = count(*) then sum(value) end as value
from ranked
where split = least_split
group by partner, metric, period
