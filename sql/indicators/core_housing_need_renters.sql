/*
title: {en: "Renter households in core housing need", fr: "Ménages locataires ayant des besoins impérieux en matière de logement"}
why: "Newcomers mostly rent at first; these renters could not find an acceptable home they can pay for."
unit: percent
decimals: 1
better: down
serves: ["3.2"]
class: public_source
kind: stock
fresh_days: 2300
caveats: [census_sample, housing_all_households, contains_first_nations]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-11-01
*/
select place, period, figure as value, status
from census_profile
where metric = 'core_need_renters'
