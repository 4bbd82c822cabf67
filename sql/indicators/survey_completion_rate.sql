/*
title: {en: "Surveys completed, of those begun", fr: "Sondages remplis, parmi ceux commencés"}
why: "How far the voices heard in planning reach; each branch of a survey has its own base."
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
select place, period, numerator, denominator
from survey_completion
where branch = 'main'
