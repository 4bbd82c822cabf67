/*
title: {en: "Vacancy rate, apartment buildings of six units and over", fr: "Taux d'inoccupation, immeubles de six logements et plus"}
why: "The longest series of where newcomers look for a home first."
unit: percent
decimals: 1
better: context
serves: ["3.2"]
class: public_source
kind: stock
fresh_days: 430
caveats: [rental_survey, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- In October of the year. CMHC's own portal gives buildings of three units and more, and is the fresher of the two.
select place, period, vacancy_percent as value, lower, upper, status
from statcan_vacancy_cma
