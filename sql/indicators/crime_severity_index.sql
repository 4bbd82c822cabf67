/*
title: {en: "Crime severity index", fr: "Indice de gravité de la criminalité"}
why: "What hate crime is to be read against. 2006 is 100."
unit: index
decimals: 1
better: down
serves: ["2.4"]
class: public_source
kind: stock
fresh_days: 600
caveats: [reported_not_all, not_whole_area, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, lower, upper, status
from statcan_crime_severity_cma
where statistic = 'Crime severity index'
