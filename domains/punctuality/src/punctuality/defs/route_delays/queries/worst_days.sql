-- On which routes and days did travellers wait the longest?
select flight_date, route, departed, round(mean_dep_delay) as mean_dep_delay
from punctuality.route_delays
where departed >= 3
order by mean_dep_delay desc
limit 10
