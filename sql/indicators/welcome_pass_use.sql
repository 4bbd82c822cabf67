/*
title: {en: Welcome Passes used at least once, fr: Laissez-passer de bienvenue utilisés au moins une fois}
why: Whether the pass opens doors; only partners that gave both numbers count, and both parts are protected before the share is taken.
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
select place, period, numerator, denominator, reporters, expected, contributors
from partner_share
where metric = 'welcome_passes_used'
