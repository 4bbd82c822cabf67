/*
title: {en: "New permanent residents meaning to live in the area, by month", fr: "Nouveaux résidents permanents se destinant à la région, par mois"}
why: The latest month, to see a turn early.
unit: persons
better: context
serves: ["3.1"]
class: public_source
kind: flow
fresh_days: 150
caveats: [rounded_to_5, contains_first_nations, intended_destination]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, persons as value, lower, upper, status
from ircc_pr_cma
