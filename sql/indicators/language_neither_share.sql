/*
title: {en: "Share of people who speak neither English nor French", fr: "Part des personnes ne connaissant ni l'anglais ni le français"}
why: "Who needs language training or an interpreter, beside places of another size."
unit: percent
decimals: 1
better: context
serves: ["2.2"]
class: public_source
kind: ratio
fresh_days: 2300
caveats: [census_rounded, contains_first_nations]
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
join census_profile whole on whole.place = part.place and whole.period = part.period and whole.metric = 'language_asked'
where part.metric = 'language_neither'
