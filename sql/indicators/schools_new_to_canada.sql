/*
title: {en: "Schools where a tenth of the pupils or more are new to Canada", fr: "Écoles où un dixième des élèves ou plus sont nouveaux au Canada"}
why: Where schools need help for children who came lately from a country where English is not spoken.
unit: schools
better: context
serves: ["2.2", "3.2"]
class: public_source
kind: stock
fresh_days: 900
interval: true
caveats: [small_schools_hidden, not_whole_area]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- By school board. A school whose share is hidden counts in the upper bound only; shares of schools are never averaged.
select
    place,
    period,
    sum(case when pupils_percent >= 10 then 1 else 0 end) as value,
    sum(case when pupils_percent >= 10 then 1 else 0 end) as lower,
    sum(case when pupils_percent >= 10 or pupils_percent is null then 1 else 0 end) as upper,
    '' as status
from ontario_school_demographics
where share = 'new_to_canada'
group by place, period
