/*
title: {en: "Organisations trained with the Integration Toolkit, counted by each partner", fr: "Organismes formés avec la trousse d'intégration, comptés par chaque partenaire"}
why: "How far the toolkit reaches; an organisation trained twice by one partner counts once."
unit: organisations
better: up
serves: ["2.3"]
class: open
kind: flow
fresh_days: 200
caveats: [service_contacts]
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-06-01
*/
select place, period, value, reporters, expected, contributors
from partner_total
where metric = 'toolkit_organisations'
