-- How many airports keep which time?
select coalesce(time_zone, 'unknown') as time_zone, count(*) as airports
from network.airports
group by all
order by airports desc, time_zone
