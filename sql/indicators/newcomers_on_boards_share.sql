/*
title: {en: "Seats on boards and committees held by newcomers", fr: "Sièges de conseils et de comités occupés par de nouveaux arrivants"}
why: "Whether newcomers decide; over all partners together, because one seat is one known person."
unit: percent
better: up
serves: ["3.4"]
class: persons
kind: ratio
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, numerator, denominator, reporters, expected, contributors
from partner_share
where metric = 'newcomers_on_boards'
