/*
title: {en: "Integration Toolkit sessions on benefits of attraction and retention", fr: "Séances de la trousse d'intégration : avantages de l'attraction et de la rétention"}
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
where topic = 'attraction_and_retention'
