/*
title: {en: Who reported which metric, fr: Qui a déclaré quel indicateur}
why: A partner total is read only beside the number of partners behind it (objective 1.2).
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- The quarters are asked for in a condition, not joined: what merely says that a quarter exists is no origin of its numbers.
-- A metric that is annual by the definition in force is owed in the last quarter of the year only.
with owed as (
    select reporting.partner, reporting.metric, period.code as period
    from reporting
    join period on reporting.valid_from <= period."end" and (reporting.valid_to is null or reporting.valid_to >= period.start)
    where
        period.code in (select partner_reports.period from partner_reports)
        and (
            period.quarter = 4
            or not exists (
                select 1 from metrics
                where
                    metrics.metric = reporting.metric and metrics.frequency = 'annual'
                    and metrics.valid_from <= period."end" and (metrics.valid_to is null or metrics.valid_to >= period.start)
            )
        )
)
select
    owed.metric,
    owed.period,
    owed.partner,
    partner_reports.value,
    case when partner_reports.value is null then 0 else 1 end as reported
from owed
left join partner_reports
    on partner_reports.partner = owed.partner and partner_reports.metric = owed.metric and partner_reports.period = owed.period
