/*
title: {en: "Median wages of immigrant taxfilers, five years after admission", fr: "Salaires médians des immigrants déclarants, cinq ans après l'admission"}
why: "Whether work pays for those who came."
unit: dollars
better: up
serves: ["2.5", "3.3"]
class: public_source
kind: stock
fresh_days: 1200
caveats: [taxfilers_only, constant_dollars, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Of those admitted five years before the tax year, in dollars of the year that the title of the table names.
select place, period, value, lower, upper, status
from statcan_immigrant_income_cma
where
    statistic = 'Median wages, salaries and commissions'
    and cast(substr(admission_year, 1, 4) as integer) = year - 5
    and gender = 'Total, sex'
    and experience = 'Total, pre-admission experience'
    and language = 'Total, knowledge of official languages'
    and category = 'Total, immigrant admission category'
    and substr(area, 1, 9) <> 'Remainder'
