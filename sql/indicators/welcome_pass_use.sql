/*
title: {en: Welcome Passes used at least once, fr: Laissez-passer de bienvenue utilisés au moins une fois}
why: Whether the pass opens doors; both parts are protected before the share is taken.
unit: percent
better: up
serves: ["2.2"]
class: persons
kind: ratio
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select
    used.place,
    used.period,
    used.value as numerator,
    issued.value as denominator,
    used.reporters,
    used.expected,
    used.contributors
from partner_total used
join partner_total issued on issued.period = used.period and issued.place = used.place and issued.metric = 'welcome_passes'
where used.metric = 'welcome_passes_used'
