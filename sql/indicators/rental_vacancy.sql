/*
title: {en: "Rental vacancy rate", fr: "Taux d'inoccupation des logements locatifs"}
why: Where newcomers look for a home first; below three percent there is little to choose from.
unit: percent
decimals: 1
better: context
serves: ["3.2"]
class: public_source
kind: stock
fresh_days: 420
caveats: [rental_survey, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Of all homes in rental buildings of three units or more, in October of the year.
select place, period, vacancy_percent as value, lower, upper, status
from cmhc_vacancy
where bedrooms = 'Total'
