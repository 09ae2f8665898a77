-- Which makers' aircraft carry how many people?
select manufacturer, count(*) as aircraft, round(avg(seats), 1) as mean_seats
from fleet.aircraft_v1
group by all
having count(*) >= 100
order by aircraft desc
