/*
title: {en: "Average rent, two bedrooms, rows and apartments of three units and over", fr: "Loyer moyen, deux chambres, rangées et appartements de trois logements et plus"}
why: "The longest series of what a family that arrives has to pay."
unit: dollars
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
-- Dollars a month, in October of the year.
select place, period, rent_dollars as value, lower, upper, status
from statcan_rent_cma
where structure = 'Row and apartment structures of three units and over' and unit_size = 'Two bedroom units'
