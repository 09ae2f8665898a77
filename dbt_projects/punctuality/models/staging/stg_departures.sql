select
    flight_date,
    origin,
    dest,
    carrier,
    scheduled_departure_at,
    cancelled,
    dep_delay,
    arr_delay,
    dep_delay >= 15 as delayed
from {{ source('inputs', 'departures') }}
where flight_date
    between date '{{ var("first_partition") }}' and date '{{ var("last_partition") }}'
