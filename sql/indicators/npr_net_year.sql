/*
title: {en: "Net change of temporary residents", fr: "Variation nette des résidents temporaires"}
why: "International students and workers: the part of growth that turns fastest."
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: flow
fresh_days: 900
caveats: [estimate, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, persons as value, lower, upper, status
from statcan_components_cma
where component = 'Net non-permanent residents' and gender = 'Total - gender' and age_group = 'All ages'
