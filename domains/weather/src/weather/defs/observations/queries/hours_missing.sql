-- At which station, on which day, are hours missing? (A day has 23, 24 or 25 of them.)
select origin, local_date, count(*) as hours
from weather.observations
group by all
having count(*) < 23
order by local_date, origin
