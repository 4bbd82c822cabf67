/*
title: {en: "Confidence after Integration Toolkit sessions, above before", fr: "Confiance après les séances de la trousse d'intégration, par rapport à avant"}
why: "Whether sessions change anything for those who attend; only people who answered before and after count."
unit: percent
better: up
serves: ["2.3"]
class: persons
kind: ratio
fresh_days: 200
caveats: [small_numbers]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Answers from 1 to 5 are added up, so a few people make large sums: as with any survey nothing is told below 30 answers.
with pairs as (
    select
        answers.period,
        answers.value as answers,
        before.value as before,
        after.value as after,
        case when answers.value is null or before.value is null or after.value is null then 0 else 1 end as reported
    from partner_coverage answers
    join partner_coverage before
        on before.partner = answers.partner and before.period = answers.period and before.metric = 'toolkit_confidence_before'
    join partner_coverage after
        on after.partner = answers.partner and after.period = answers.period and after.metric = 'toolkit_confidence_after'
    where answers.metric = 'toolkit_paired_answers'
)
select
    partnership.place,
    pairs.period,
    sum(case when pairs.reported = 1 then pairs.after - pairs.before else 0 end) as numerator,
    sum(case when pairs.reported = 1 then pairs.before else 0 end) as denominator,
    sum(pairs.reported) as reporters,
    count(*) as expected,
    sum(case when pairs.reported = 1 and pairs.answers > 0 then 1 else 0 end) as contributors
from pairs
cross join partnership
group by partnership.place, pairs.period
having sum(case when pairs.reported = 1 then pairs.answers else 0 end) >= 30
