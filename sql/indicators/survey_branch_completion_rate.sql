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
select place, period, numerator, denominator
from survey_completion
where branch = 'pip'
