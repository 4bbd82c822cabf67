/*
title: {en: "Immigrants, census division", fr: "Immigrants, division de recensement"}
why: "Arrivals in the whole area, the municipalities outside the metropolitan area too."
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
from statcan_components_division
where component = 'Immigrants' and gender = 'Total - gender' and age_group = 'All ages'
