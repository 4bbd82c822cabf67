/*
title: {en: "Unemployment rate", fr: "Taux de chômage"}
why: "What newcomers meet when they look for work."
unit: percent
decimals: 1
better: down
serves: ["2.5"]
class: public_source
kind: stock
fresh_days: 110
interval: true
caveats: [sample_survey, three_months, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Seasonally adjusted; two standard errors to each side, within which the rate lies in 19 of 20 samples.
select
    estimates.place,
    estimates.period,
    estimates.value,
    estimates.value - errors.value - errors.value as lower,
    estimates.value + errors.value + errors.value as upper,
    estimates.status
from statcan_labour_cma estimates
left join statcan_labour_cma errors
    on
        errors.place = estimates.place
        and errors.period = estimates.period
        and errors.characteristic = estimates.characteristic
        and errors.data_type = estimates.data_type
        and errors.statistic = 'Standard error of estimate'
where
    estimates.characteristic = 'Unemployment rate'
    and estimates.data_type = 'Seasonally adjusted'
    and estimates.statistic = 'Estimate'
