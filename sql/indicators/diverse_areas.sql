/*
title: {en: "Areas in the fifth of Ontario with the most newcomers and minorities", fr: "Secteurs du cinquième de l'Ontario qui compte le plus de nouveaux arrivants et de minorités"}
why: "Where many who came lately, do not speak English or French or belong to a visible minority live together."
unit: areas
better: context
serves: ["3.2"]
class: public_source
kind: stock
fresh_days: 2600
caveats: [areas_not_people]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Dissemination areas with an index, of a few hundred people each; those without one are not counted.
select place, period, sum(case when quintile = 5 then 1 else 0 end) as value
from statcan_cimd
where theme = 'ethno_cultural_composition' and quintile is not null
group by place, period
