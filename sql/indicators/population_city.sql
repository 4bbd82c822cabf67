/*
title: {en: "Population on July 1, municipalities", fr: "Population au 1er juillet, municipalités"}
why: "What counts of the City are compared with."
unit: persons
better: context
serves: ["3.3"]
class: public_source
kind: stock
fresh_days: 420
caveats: [estimate]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, persons as value, lower, upper, status
from statcan_population_municipality
