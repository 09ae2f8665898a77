-- How late do the carriers leave, and how often not at all?
select
    carrier,
    count(*) as flights,
    round(avg(dep_delay), 1) as mean_dep_delay,
    round(100.0 * count(*) filter (cancelled) / count(*), 1) as cancelled_pct
from flights.departures
group by all
order by mean_dep_delay desc
