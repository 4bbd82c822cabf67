/*
title: {en: "Sessions of the Integration Toolkit by topic", fr: "Séances de la trousse d'intégration par sujet"}
why: Which partner gave sessions on which of the four topics; one that told no topics is owed, not zero.
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- A partner that owes the number of sessions owes it by topic. The topics are written down: one of which nobody told yet is owed too.
with topics as (
    select 'workplace_policies' as topic
    union all
    select 'attraction_and_retention' as topic
    union all
    select 'communication_and_diversity' as topic
    union all
    select 'welcoming_spaces' as topic
)
select
    partnership.place,
    topics.topic,
    coverage.period,
    sum(toolkit.value) as value,
    count(toolkit.value) as reporters,
    count(*) as expected,
    sum(case when toolkit.value > 0 then 1 else 0 end) as contributors
from partner_coverage coverage
cross join topics
left join partner_toolkit toolkit
    on toolkit.partner = coverage.partner and toolkit.period = coverage.period and toolkit.metric = coverage.metric
    and toolkit.topic = topics.topic and toolkit.audience = 'all'
cross join partnership
where coverage.metric = 'toolkit_sessions'
group by partnership.place, topics.topic, coverage.period
