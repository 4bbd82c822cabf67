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
-- An underscore stands for the sign of percent, which a driver of PostgreSQL takes for a place to fill.
with ratio as (
    select
        place,
        period,
        status_period,
        persons,
        case when shelter_ratio like '30_ to less than 50_' or shelter_ratio like '50_ to less than 100_' then persons else 0 end as much
    from statcan_immigrants_shelter
    where
        core_need = '1'
        and (
            shelter_ratio like 'Less than 15_'
            or shelter_ratio like '15_ to less than 30_'
            or shelter_ratio like '30_ to less than 50_'
            or shelter_ratio like '50_ to less than 100_'
        )
),

spending as (
    select place, period, status_period, 100.0 * sum(much) / nullif(sum(persons), 0) as share
    from ratio
    group by place, period, status_period
    having count(persons) = 4
)

select came.place, came.period, came.share - born.share as value
from spending came
join spending born on born.place = came.place and born.period = came.period
where came.status_period = '3' and born.status_period = '2'
