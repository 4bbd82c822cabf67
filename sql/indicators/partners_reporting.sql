/*
title: {en: Partners that reported, fr: Partenaires ayant déclaré}
why: Objective 1.2 asks for shared metrics; how many partners answered is printed on page one of every brief.
unit: percent
better: up
serves: ["1.2"]
class: open
kind: ratio
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
with answers as (
    select period, partner, max(reported) as answered
    from partner_coverage
    group by period, partner
)
-- No reporters and expected: the share itself says how many answered, and is printed however few they were.
select
    partnership.place,
    answers.period,
    sum(answers.answered) as numerator,
    count(*) as denominator
from answers
cross join partnership
group by partnership.place, answers.period
