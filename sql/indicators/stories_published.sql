/*
title: {en: "Stories, newsletters and features published", fr: "Récits, bulletins et reportages publiés"}
why: "Whether the work of the partnership and of newcomers is seen."
unit: items
better: up
serves: ["1.3", "2.1"]
class: open
kind: flow
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'stories_published'
