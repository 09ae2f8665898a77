-- Who is the most punctual from New York to Los Angeles?
select
    carrier,
    sum(flights) as flights,
    round(sum(mean_dep_delay * departed) / sum(departed), 1) as mean_dep_delay,
    round(100.0 * sum(delayed) / sum(departed), 1) as delayed_pct
from punctuality.route_delays
where dest = 'LAX'
group by all
order by mean_dep_delay
