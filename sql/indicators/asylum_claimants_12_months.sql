/*
title: {en: "Asylum claimants", fr: "Demandeurs d'asile"}
why: "How many ask for protection; they need housing and services before they are permanent residents."
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: flow
fresh_days: 150
interval: true
caveats: [rounded_to_5, not_whole_area]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- By the province where the claim was made, which need not be where people live; all of it is preliminary.
-- A month with fewer cells than the others is not whole, and there is no sum over it.
with month as (
    select
        place,
        sequence,
        sum(coalesce(persons, 0)) as value,
        sum(lower) as lower,
        sum(upper) as upper,
        count(*) as cells
    from ircc_asylum_claimants
    group by place, sequence
)
select
    month.place,
    last.code as period,
    sum(month.value) as value,
    sum(month.lower) as lower,
    sum(month.upper) as upper
from period last
join month on month.sequence between last.sequence - 11 and last.sequence
where last.frequency = 'monthly'
group by month.place, last.code
having count(*) = 12 and min(month.cells) = max(month.cells)
