/*
title: {en: "Employment insurance, regular beneficiaries", fr: "Assurance-emploi, bénéficiaires de prestations régulières"}
why: "How many people are between two jobs; newcomers are not told apart."
unit: persons
better: down
serves: ["2.5"]
class: public_source
kind: stock
fresh_days: 110
caveats: [contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Not seasonally adjusted: a month is compared with the same month of another year.
select place, period, persons as value, lower, upper, status
from statcan_ei_division
where benefit = 'Regular benefits' and gender = 'Both sexes' and age_group = '15 years and over'
