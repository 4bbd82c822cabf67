/*
title: {en: "Police-reported hate crime, incidents", fr: "Crimes haineux déclarés par la police, affaires"}
why: "How few incidents stand behind the rate."
unit: incidents
better: down
serves: ["2.4"]
class: public_source
kind: flow
fresh_days: 600
caveats: [reported_not_all, small_numbers, not_whole_area, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, lower, upper, status
from statcan_hate_crime_cma
where statistic = 'Number of hate crime incidents'
