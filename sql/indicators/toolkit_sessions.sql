/*
title: {en: "Integration Toolkit sessions", fr: "Séances de la trousse d'intégration"}
why: "Capacity building of organisations and businesses with the partnership's own toolkit."
unit: sessions
better: up
serves: ["2.3"]
class: open
kind: flow
fresh_days: 200
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'toolkit_sessions'
