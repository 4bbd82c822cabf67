/*
title: {en: "New permanent residents", fr: "Nouveaux résidents permanents"}
why: The yearly level without waiting for December.
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: flow
fresh_days: 150
interval: true
caveats: [rounded_to_5, intended_destination, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Joined to itself rather than summed over a window, so that all twelve months are its origin.
select
    last.place,
    last.period,
    sum(coalesce(month.persons, 0)) as value,
    sum(month.lower) as lower,
    sum(month.upper) as upper
from ircc_pr_cma last
join ircc_pr_cma month on month.place = last.place and month.sequence between last.sequence - 11 and last.sequence
group by last.place, last.period
having count(*) = 12
