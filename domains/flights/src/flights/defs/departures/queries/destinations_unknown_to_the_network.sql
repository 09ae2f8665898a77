-- Which airports are flown to and are not in the network's list?
select dest, count(*) as flights
from flights.departures
anti join network.airports on faa = dest
group by all
order by flights desc
