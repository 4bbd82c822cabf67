/*
title: {en: "Non-permanent residents", fr: "Résidents non permanents"}
why: "International students, workers and claimants who live in the province: who leaves or stays when the rules change."
unit: persons
better: context
serves: ["3.1", "3.3"]
class: public_source
kind: stock
fresh_days: 200
caveats: [estimate, province_only]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
-- Persons present on the first day of the quarter: a stock, where the components of growth give the change.
select place, period, persons as value, lower, upper, status
from statcan_npr_quarterly
where resident_type = 'Total, non-permanent residents'
