/*
title: {en: "Recent immigrants (came in the five years before the census)", fr: "Immigrants récents (arrivés dans les cinq ans avant le recensement)"}
why: "How many of those who live here came lately; who came and left again is not counted."
unit: persons
decimals: 0
better: context
serves: ["3.1"]
class: public_source
kind: stock
fresh_days: 2300
caveats: [census_rounded, census_sample, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-11-01
*/
-- Counts of the census are rounded at random to a multiple of five: the number behind one is less than five away.
select
    place, period, figure as value,
    case when figure > 4 then figure - 4 when figure is not null then 0 end as lower,
    figure + 4 as upper,
    status
from census_profile
where metric = 'recent_immigrants'
