/*
title: {en: "Areas in the most vulnerable fifth of Ontario", fr: "Secteurs du cinquième le plus vulnérable de l'Ontario"}
why: "Where schooling is short, homes need repair and incomes are low; newcomers are one group among several there."
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
where theme = 'situational_vulnerability' and quintile is not null
group by place, period
