/*
title: {en: "Immigrants in households that spend 30% or more of their income on shelter, above non-immigrants", fr: "Écart entre immigrants et non-immigrants dont le ménage consacre 30 % ou plus de son revenu au logement"}
why: "Whether a home weighs more on those who came than on others; the source counts people and does not tell renters from owners."
unit: percentage_points
decimals: 1
better: down
serves: ["3.3"]
class: public_source
kind: stock
fresh_days: 2300
caveats: [census_rounded, census_sample, housing_examined]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-11-01
*/
-- The four members that do not overlap are added up: what the totals of the ratio are called is not known. Without one of them there is no sum.
with spending as (
    select
        place,
        period,
        status_period,
        sum(case when shelter_ratio in ('30% to less than 50%', '50% to less than 100%') then persons end) as much,
        sum(persons) as examined
    from statcan_immigrants_shelter
    where
        shelter_ratio in ('Less than 15%', '15% to less than 30%', '30% to less than 50%', '50% to less than 100%')
        and core_need = '1'
        and status_period in ('2', '3')
    group by place, period, status_period
    having count(persons) = 4
)
select
    came.place,
    came.period,
    came.much / nullif(came.examined / 100.0, 0) - born.much / nullif(born.examined / 100.0, 0) as value
from spending came
join spending born on born.place = came.place and born.period = came.period
where came.status_period = '3' and born.status_period = '2'
