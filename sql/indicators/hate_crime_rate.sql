/*
title: {en: "Police-reported hate crime, rate", fr: "Crimes haineux déclarés par la police, taux"}
why: "Whether newcomers and those taken for newcomers are safe here."
unit: per 100,000
decimals: 1
better: down
serves: ["2.4"]
class: public_source
kind: stock
fresh_days: 600
caveats: [reported_not_all, small_numbers, not_whole_area, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, lower, upper, status
from statcan_hate_crime_cma
where statistic = 'Rate per 100,000 population'
