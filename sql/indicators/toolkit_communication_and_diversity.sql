/*
title: {en: "Integration Toolkit sessions on cross-cultural communication and diversity", fr: "Séances de la trousse d'intégration : communication interculturelle et diversité"}
why: "Which of the four topics of the toolkit is asked for, and which is not yet."
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
from partner_topic
where topic = 'communication_and_diversity'
