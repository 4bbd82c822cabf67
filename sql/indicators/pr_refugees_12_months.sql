/*
title: {en: "New permanent residents who are refugees or protected persons", fr: "Nouveaux résidents permanents réfugiés ou personnes protégées"}
why: "How many need protection and the services that go with it; published by province, never for the metropolitan area."
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: flow
fresh_days: 150
interval: true
caveats: [rounded_to_5, intended_destination, not_whole_area]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- The components of the category are rounded one by one, so each brings its range into the sum.
-- A month with fewer cells than the others is not whole, and there is no sum over it.
with month as (
    select
        place,
        sequence,
        sum(coalesce(persons, 0)) as value,
        sum(lower) as lower,
        sum(upper) as upper,
        count(*) as cells
    from ircc_pr_category
    where category = 'Resettled Refugee & Protected Person in Canada'
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
