/*
title: {en: "Unemployment rate of immigrants of the last five years above that of those born in Canada, 25 to 54 years", fr: "Écart du taux de chômage entre immigrants des cinq dernières années et personnes nées au Canada, 25 à 54 ans"}
why: "How hard the first years are."
unit: percentage_points
decimals: 1
better: down
serves: ["2.5", "3.3"]
class: public_source
kind: stock
fresh_days: 110
caveats: [sample_survey, three_months, province_only]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- No smaller area than the province is published.
select born.place, born.period, immigrants.value - born.value as value
from statcan_labour_immigrants_month born
join statcan_labour_immigrants_month immigrants
    on
        immigrants.place = born.place
        and immigrants.period = born.period
        and immigrants.characteristic = born.characteristic
        and immigrants.age_group = born.age_group
where
    born.characteristic = 'Unemployment rate'
    and born.age_group = '25 to 54 years'
    and born.immigrant_status = 'Born in Canada'
    and immigrants.immigrant_status = 'Immigrants, landed 5 or less years earlier'
