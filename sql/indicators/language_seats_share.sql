/*
title: {en: "Language training seats that are filled", fr: "Places de formation linguistique occupées"}
why: "Whether funded seats reach learners while others wait."
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
        part.period,
        part.value as part,
        whole.value as whole,
        case when part.value is null or whole.value is null then 0 else 1 end as reported
    from partner_coverage part
    join partner_coverage whole
        on whole.partner = part.partner and whole.period = part.period and whole.metric = 'language_seats_funded'
    where part.metric = 'language_seats'
)
select
    partnership.place,
    pairs.period,
    sum(case when pairs.reported = 1 then pairs.part else 0 end) as numerator,
    sum(case when pairs.reported = 1 then pairs.whole else 0 end) as denominator,
    sum(pairs.reported) as reporters,
    count(*) as expected,
    sum(case when pairs.reported = 1 and pairs.part > 0 then 1 else 0 end) as contributors
from pairs
cross join partnership
group by partnership.place, pairs.period
