/*
title: {en: "New permanent residents meaning to live in the area, by year", fr: "Nouveaux résidents permanents se destinant à la région, par année"}
why: "How many newcomers arrive to stay; where they mean to live when they are admitted."
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: flow
fresh_days: 760
interval: true
caveats: [rounded_to_5, contains_first_nations, intended_destination]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- The sum of the twelve printed months; a hidden month counts as 0 in the value and as 0 to 5 in the range.
select
    place,
    cast(year as text) as period,
    sum(coalesce(persons, 0)) as value,
    sum(lower) as lower,
    sum(upper) as upper
from ircc_pr_cma
group by place, year
having count(*) = 12
