/*
title: {en: "Employment rate of those born in Canada above that of immigrants, 25 to 54 years", fr: "Écart du taux d'emploi entre personnes nées au Canada et immigrants, 25 à 54 ans"}
why: "Whether those who came have work as often as others."
unit: percentage_points
decimals: 1
better: down
serves: ["2.5", "3.3"]
class: public_source
kind: stock
fresh_days: 420
caveats: [sample_survey, province_only]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- No smaller area than the province is published.
select born.place, born.period, born.value - immigrants.value as value
from statcan_labour_immigrants_year born
join statcan_labour_immigrants_year immigrants
    on
        immigrants.place = born.place
        and immigrants.period = born.period
        and immigrants.characteristic = born.characteristic
        and immigrants.age_group = born.age_group
where
    born.characteristic = 'Employment rate'
    and born.age_group = '25 to 54 years'
    and born.immigrant_status = 'Born in Canada'
    and immigrants.immigrant_status = 'Landed immigrants'
