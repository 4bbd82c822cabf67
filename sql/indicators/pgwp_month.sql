/*
title: {en: "Graduates given a post-graduation work permit, by month", fr: "Diplômés titulaires d'un permis de travail postdiplôme, par mois"}
why: The latest month, to see a turn early.
unit: persons
better: context
serves: ["3.1"]
class: public_source
kind: flow
fresh_days: 330
caveats: [rounded_to_5, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, persons as value, lower, upper, status
from ircc_pgwp_cma
