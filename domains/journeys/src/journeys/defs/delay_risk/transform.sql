-- What is known of each scheduled flight before it leaves. A run may span several days, so each
-- flight sees the seven days before its own, whatever else the inputs hold.
with flights as (
    select
        flight_date,
        carrier,
        flight,
        origin,
        dest,
        scheduled_departure_at,
        local_hour,
        distance,
        -- Truncated in UTC: on the day the clocks go back a local hour is there twice.
        date_trunc('hour', scheduled_departure_at at time zone 'UTC') as scheduled_hour
    from departures
    where flight_date between cast($first_partition as date) and cast($last_partition as date)
),

days as (
    select distinct flight_date
    from flights
),

past as (
    select
        days.flight_date,
        history.origin,
        history.dest,
        history.carrier,
        history.flights,
        history.departed,
        history.delayed,
        history.cancelled,
        history.mean_dep_delay * history.departed as delay_minutes
    from days
    inner join route_delays as history
        on history.flight_date between days.flight_date - 7 and days.flight_date - 1
),

routes as (
    select
        flight_date,
        origin,
        dest,
        carrier,
        cast(sum(flights) as bigint) as flights,
        sum(delay_minutes) / nullif(sum(departed), 0) as mean_dep_delay,
        sum(delayed) / nullif(sum(departed), 0) as delayed_share,
        sum(cancelled) / sum(flights) as cancelled_share
    from past
    group by flight_date, origin, dest, carrier
),

carriers as (
    select
        flight_date,
        origin,
        carrier,
        sum(delay_minutes) / nullif(sum(departed), 0) as mean_dep_delay,
        sum(delayed) / nullif(sum(departed), 0) as delayed_share
    from past
    group by flight_date, origin, carrier
)

select
    flights.flight_date,
    flights.carrier,
    flights.flight,
    flights.origin,
    flights.dest,
    flights.scheduled_departure_at,
    flights.local_hour,
    cast(isodow(flights.flight_date) as integer) as weekday,
    flights.distance,
    weather.observed_at as weather_observed_at,
    weather.temperature_f,
    weather.wind_speed_mph,
    weather.wind_gust_mph,
    weather.precipitation_in,
    weather.visibility_mi,
    coalesce(routes.flights, 0) as route_flights_7d,
    routes.mean_dep_delay as route_mean_dep_delay_7d,
    routes.delayed_share as route_delayed_share_7d,
    routes.cancelled_share as route_cancelled_share_7d,
    carriers.mean_dep_delay as carrier_mean_dep_delay_7d,
    carriers.delayed_share as carrier_delayed_share_7d
from flights
left join observations as weather
    on
        weather.origin = flights.origin
        and weather.observed_at at time zone 'UTC' = flights.scheduled_hour
left join routes
    on
        routes.flight_date = flights.flight_date
        and routes.origin = flights.origin
        and routes.dest = flights.dest
        and routes.carrier = flights.carrier
left join carriers
    on
        carriers.flight_date = flights.flight_date
        and carriers.origin = flights.origin
        and carriers.carrier = flights.carrier
