/*
title: {en: "Respondents of the planning survey", fr: "Répondants du sondage de planification"}
why: "The base of every share of that survey."
unit: respondents
better: up
serves: ["3.3"]
class: open
kind: flow
fresh_days: 2000
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select partnership.place, cast(surveys.year as text) as period, sum(survey_counts.answers) as value
from survey_counts
join surveys on surveys.survey = survey_counts.survey and surveys.used_for = 'plan'
cross join partnership
where survey_counts.question = 'status' and survey_counts.answer = 'started' and survey_counts.branch = 'main'
group by partnership.place, surveys.year
