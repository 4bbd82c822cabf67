/*
title: {en: Census Profile by topic, fr: Profil du recensement par sujet}
why: The service, the files and each census number the same characteristic in their own way; indicators ask by topic.
author: OpenLIP
checked_by: OpenLIP
review_by: 2027-11-01
*/
-- One branch for each table. A place and census that the service gave is not taken from a file as well.
with service as (
    select place, period, characteristic, gender, statistic, figure, status from statcan_census_cma
    union all
    select place, period, characteristic, gender, statistic, figure, status from statcan_census_cd
    union all
    select place, period, characteristic, gender, statistic, figure, status from statcan_census_csd
    union all
    select place, period, characteristic, gender, statistic, figure, status from statcan_census_pr
),
topics as (
    select
        place, period, figure, status,
        case characteristic
            when '369' then 'language_asked' when '373' then 'language_neither'
            when '1451' then 'shelter_asked' when '1453' then 'shelter_30_percent'
            when '1471' then 'core_need_owners' when '1479' then 'core_need_renters'
            when '1513' then 'status_asked' when '1515' then 'immigrants' when '1522' then 'recent_immigrants'
            when '2230' then 'unemployment_rate'
        end as metric
    from service
    where gender = '1' and statistic = '1'
    union all
    select
        file.place, file.period, file.figure, file.status,
        case file.characteristic
            when '383' then 'language_asked' when '387' then 'language_neither'
            when '1465' then 'shelter_asked' when '1467' then 'shelter_30_percent'
            when '1485' then 'core_need_owners' when '1493' then 'core_need_renters'
            when '1527' then 'status_asked' when '1529' then 'immigrants' when '1536' then 'recent_immigrants'
            when '2230' then 'unemployment_rate'
        end as metric
    from statcan_census_file_2021 file
    where
        file.gender = '1' and file.statistic = '1'
        and not exists (select 1 from service where service.place = file.place and service.period = file.period)
)
select place, period, metric, figure, status
from topics
where metric is not null
