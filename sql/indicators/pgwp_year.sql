/*
title: {en: "Post-graduation work permits", fr: "Permis de travail postdiplômes"}
why: "Graduates of Trent and Fleming who may stay and work."
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: flow
fresh_days: 760
interval: true
caveats: [rounded_to_5, contains_first_nations]
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
from ircc_pgwp_cma
group by place, year
having count(*) = 12
