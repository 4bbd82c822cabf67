/*
title: {en: "Births minus deaths", fr: "Naissances moins décès"}
why: Whether the area would grow without newcomers.
unit: persons
better: context
serves: ["2.1"]
class: public_source
kind: flow
fresh_days: 900
caveats: [estimate, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select births.place, births.period, births.persons - deaths.persons as value
from statcan_components_cma births
join statcan_components_cma deaths
    on deaths.place = births.place and deaths.period = births.period and deaths.gender = births.gender and deaths.age_group = births.age_group
where
    births.component = 'Births'
    and deaths.component = 'Deaths'
    and births.gender = 'Total - gender'
    and births.age_group = 'All ages'
