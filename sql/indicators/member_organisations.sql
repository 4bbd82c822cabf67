/*
title: {en: Member organisations, fr: Organismes membres}
why: The partnership's reach (objective 1.1); members are not reporting partners and not committee seats.
unit: organisations
better: up
serves: ["1.1"]
class: open
kind: stock
fresh_days: 400
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- `left_on` is the last day of membership, as `valid_to` is the last day in the register of who reports what.
select partnership.place, period.code as period, count(*) as value
from members
join period on members.joined_on <= period."end" and (members.left_on is null or members.left_on >= period."end")
cross join partnership
where period.frequency = 'quarterly' and period.code in (select partner_metrics.period from partner_metrics)
group by partnership.place, period.code
