/*
title: {en: "Surveys completed, of those begun, by branch", fr: "Sondages remplis, parmi ceux commencés, par volet"}
why: Each branch of a survey has a base of its own, which is those who were led into it.
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select
    partnership.place,
    survey_counts.branch,
    cast(surveys.year as text) as period,
    sum(case when survey_counts.answer = 'completed' then survey_counts.answers else 0 end) as numerator,
    sum(case when survey_counts.answer = 'started' then survey_counts.answers else 0 end) as denominator
from survey_counts
join surveys on surveys.survey = survey_counts.survey and surveys.used_for = 'plan'
cross join partnership
where survey_counts.question = 'status'
group by partnership.place, survey_counts.branch, surveys.year
