/*
title: {en: "Population on July 1, metropolitan areas", fr: "Population au 1er juillet, régions métropolitaines"}
why: "What counts of the metropolitan area are compared with."
unit: persons
better: context
serves: ["3.3"]
class: public_source
kind: stock
fresh_days: 420
caveats: [estimate, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, persons as value, lower, upper, status
from statcan_population_cma
where gender = 'Total - gender' and age_group = 'All ages'
