/*
title: {en: "Surveys completed, of those led to the questions about the partnership", fr: "Sondages remplis, parmi les personnes menées aux questions sur le partenariat"}
why: "The base of a branch is those who were led into it, never all who began the survey."
unit: percent
better: up
serves: ["3.3"]
class: open
kind: ratio
fresh_days: 2000
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select
    partnership.place,
    cast(surveys.year as text) as period,
    sum(case when survey_counts.answer = 'completed' then survey_counts.answers else 0 end) as numerator,
    sum(case when survey_counts.answer = 'started' then survey_counts.answers else 0 end) as denominator
from survey_counts
join surveys on surveys.survey = survey_counts.survey and surveys.used_for = 'plan'
cross join partnership
where survey_counts.question = 'status' and survey_counts.branch = 'pip'
group by partnership.place, surveys.year
