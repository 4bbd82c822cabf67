/*
title: {en: "Areas with an index of deprivation", fr: "Secteurs dotés d'un indice de défavorisation"}
why: What numbers of deprived areas are numbers of.
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
-- Areas with an index for at least one theme.
with counted as (
    select place, period, dissemination_area, max(quintile) as quintile
    from statcan_cimd
    where quintile is not null
    group by place, period, dissemination_area
)
select place, period, count(*) as value
from counted
group by place, period
