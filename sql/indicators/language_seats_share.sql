/*
title: {en: "Language training seats that are filled", fr: "Places de formation linguistique occupées"}
why: "Whether funded seats reach learners while others wait."
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
where metric = 'language_seats'
