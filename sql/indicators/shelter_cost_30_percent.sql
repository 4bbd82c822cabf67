/*
title: {en: "Households that spend 30% or more of their income on shelter", fr: "Ménages consacrant 30 % ou plus de leur revenu au logement"}
why: "What a home costs beside what people earn, for all who look for one; the profile does not tell immigrants' households apart."
unit: percent
decimals: 1
better: down
serves: ["3.2"]
class: public_source
kind: ratio
fresh_days: 2300
caveats: [census_rounded, census_sample, housing_all_households, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-11-01
*/
select
    part.place,
    part.period,
    part.figure / nullif(whole.figure / 100.0, 0) as value,
    part.figure as numerator,
    whole.figure as denominator,
    case when part.status = '' then whole.status else part.status end as status
from census_profile part
join census_profile whole on whole.place = part.place and whole.period = part.period and whole.metric = 'shelter_asked'
where part.metric = 'shelter_30_percent'
