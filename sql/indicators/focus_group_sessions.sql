/*
title: {en: "Focus group sessions", fr: "Séances de groupes de discussion"}
why: "How widely the partnership listened; sessions are counted, never people."
unit: sessions
better: up
serves: ["3.4"]
class: open
kind: flow
fresh_days: 2000
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select partnership.place, cast(engagement.year as text) as period, sum(engagement.sessions) as value
from engagement
cross join partnership
where engagement.kind = 'focus_group'
group by partnership.place, engagement.year
