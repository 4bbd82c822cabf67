/*
title: {en: "Immigrant taxfilers who still live where they meant to, five years after admission", fr: "Immigrants déclarants vivant toujours là où ils comptaient vivre, cinq ans après l'admission"}
why: "Whether those who choose the area stay: what welcome is for."
unit: percent
decimals: 1
better: up
serves: ["2.5", "3.1"]
class: public_source
kind: stock
fresh_days: 1200
caveats: [taxfilers_only, small_numbers, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- The rate as published for those admitted five years before the tax year; people who moved in from elsewhere are not in it.
select place, period, value, lower, upper, status
from statcan_immigrant_mobility_cma
where
    statistic = 'Retention rate'
    and cast(substr(admission_year, 1, 4) as integer) = year - 5
    and age_or_sex = 'Total, age group'
    and language = 'Total, knowledge of official languages'
    and category = 'Total, immigrant admission category'
    and experience = 'Total, pre-admission experience'
    and substr(area, 1, 9) <> 'Remainder'
