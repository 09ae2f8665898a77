with routes as (
    select
        flight_date,
        origin,
        dest,
        carrier,
        count(*) as flights,
        count(*) filter (cancelled) as cancelled,
        count(*) filter (not cancelled) as departed,
        count(*) filter (delayed) as delayed,
        avg(dep_delay) as mean_dep_delay,
        avg(arr_delay) as mean_arr_delay,
        max(scheduled_departure_at) as last_scheduled_at
    from {{ ref('stg_departures') }}
    group by all
)

select
    routes.flight_date,
    routes.origin,
    routes.dest,
    routes.carrier,
    coalesce(carriers.carrier_name, routes.carrier)
    || ': ' || coalesce(departure.airport, routes.origin)
    || ' to ' || coalesce(arrival.airport, routes.dest) as route,
    routes.flights,
    routes.cancelled,
    routes.departed,
    routes.delayed,
    routes.mean_dep_delay,
    routes.mean_arr_delay,
    routes.last_scheduled_at
from routes
left join {{ ref('stg_carriers') }} as carriers on routes.carrier = carriers.carrier
left join {{ ref('stg_airports') }} as departure on routes.origin = departure.faa
left join {{ ref('stg_airports') }} as arrival on routes.dest = arrival.faa
