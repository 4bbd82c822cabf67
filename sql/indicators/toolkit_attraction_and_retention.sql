/*
title: {en: "Integration Toolkit sessions on benefits of attraction and retention", fr: "Séances de la trousse d'intégration : avantages de l'attraction et de la rétention"}
why: "Which of the four topics of the toolkit is asked for, and which is not yet."
unit: sessions
better: up
serves: ["2.3"]
class: open
kind: flow
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select
    partnership.place,
    coverage.period,
    sum(toolkit.value) as value,
    count(toolkit.value) as reporters,
    count(*) as expected,
    sum(case when toolkit.value > 0 then 1 else 0 end) as contributors
from partner_coverage coverage
left join partner_toolkit toolkit
    on toolkit.partner = coverage.partner and toolkit.period = coverage.period and toolkit.metric = coverage.metric
    and toolkit.topic = 'attraction_and_retention' and toolkit.audience = 'all'
cross join partnership
where coverage.metric = 'toolkit_sessions'
group by partnership.place, coverage.period
