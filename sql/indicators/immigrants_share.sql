/*
title: {en: "Immigrants, of all in private households", fr: "Immigrants, parmi la population des ménages privés"}
why: "How large a part of the community was born elsewhere and came to stay; people here for a time are not counted among them."
unit: percent
decimals: 1
better: context
serves: ["3.1"]
class: public_source
kind: ratio
fresh_days: 2300
caveats: [census_rounded, census_sample, contains_first_nations]
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
join census_profile whole on whole.place = part.place and whole.period = part.period and whole.metric = 'status_asked'
where part.metric = 'immigrants'
