/*
title: {en: Who reported which metric, fr: Qui a déclaré quel indicateur}
why: A partner total is read only beside the number of partners behind it (objective 1.2).
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- The quarters are asked for in a condition, not joined: what merely says that a quarter exists is no origin of its numbers.
with owed as (
    select reporting.partner, reporting.metric, period.code as period
    from reporting
    join period on reporting.valid_from <= period."end" and (reporting.valid_to is null or reporting.valid_to >= period.start)
    where period.code in (select partner_metrics.period from partner_metrics)
)
select
    owed.metric,
    owed.period,
    owed.partner,
    partner_metrics.value,
    case when partner_metrics.value is null then 0 else 1 end as reported
from owed
left join partner_metrics
    on partner_metrics.partner = owed.partner and partner_metrics.metric = owed.metric and partner_metrics.period = owed.period
