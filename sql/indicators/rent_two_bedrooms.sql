/*
title: {en: "Average rent, two bedrooms", fr: "Loyer moyen, deux chambres"}
why: What a family that arrives has to pay; the size of which there are most homes.
unit: dollars
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
-- Dollars a month, in October of the year.
select place, period, rent_dollars as value, lower, upper, status
from cmhc_rent
where bedrooms = '2 Bedroom'
