/*
title: {en: "Unemployment rate at the census", fr: "Taux de chômage au recensement"}
why: "The one rate that exists for the City and the census division too; the monthly survey gives the metropolitan area only."
unit: percent
decimals: 1
better: down
serves: ["2.5"]
class: public_source
kind: stock
fresh_days: 2300
caveats: [census_sample, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-11-01
*/
select place, period, figure as value, status
from census_profile
where metric = 'unemployment_rate'
