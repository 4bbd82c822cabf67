/*
title: {en: "Immigrant taxfilers with social assistance, five years after admission", fr: "Immigrants déclarants recevant de l'aide sociale, cinq ans après l'admission"}
why: "Whether those who came can live on what they earn."
unit: percent
decimals: 1
better: down
serves: ["2.5", "3.3"]
class: public_source
kind: stock
fresh_days: 1200
caveats: [taxfilers_only, small_numbers, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Of those admitted five years before the tax year.
select place, period, value, lower, upper, status
from statcan_immigrant_income_cma
where
    statistic = 'Incidence of social assistance'
    and cast(substr(admission_year, 1, 4) as integer) = year - 5
    and gender = 'Total, sex'
    and experience = 'Total, pre-admission experience'
    and language = 'Total, knowledge of official languages'
    and category = 'Total, immigrant admission category'
    and substr(area, 1, 9) <> 'Remainder'
