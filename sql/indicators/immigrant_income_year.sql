/*
title: {en: "Median income of immigrant taxfilers", fr: "Revenu médian des déclarants immigrants"}
why: Whether work pays for those who came; for staff only, because the licence of the table forbids to print it.
unit: dollars
better: up
serves: ["2.5", "3.3"]
class: public_source
kind: stock
fresh_days: 3000
caveats: [not_whole_area]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, income_dollars as value, lower, upper, status
from cdp_lip_income
where category = 'Total' and services = 'Total'
