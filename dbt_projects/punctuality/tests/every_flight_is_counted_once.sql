-- A join that multiplies or loses rows shows as a day whose flights are not all counted once.
with counted as (
    select flight_date, sum(flights) as flights, sum(departed + cancelled) as parts
    from {{ ref('route_delays') }}
    group by all
),

scheduled as (
    select flight_date, count(*) as flights
    from {{ ref('stg_departures') }}
    group by all
)

select *
from scheduled
full join counted using (flight_date)
where counted.flights is distinct from scheduled.flights
    or counted.parts is distinct from scheduled.flights
