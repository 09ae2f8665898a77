select flight_date, origin, dest, carrier
from {{ ref('route_delays') }}
group by all
having count(*) > 1
