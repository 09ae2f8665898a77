-- Which flights have no weather, and how many are they of their day?
select
    flight_date,
    count(*) filter (weather_observed_at is null) as without_weather,
    count(*) as flights
from journeys.delay_risk
group by all
having without_weather > 0
order by flight_date
