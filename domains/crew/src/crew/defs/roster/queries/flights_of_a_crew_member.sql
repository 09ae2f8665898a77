-- How many flights each crew member flew and how late they left, without knowing who it is.
select r.crew_id, r.seat, count(*) as flights, round(avg(d.dep_delay), 1) as minutes_late
from crew.roster__masked as r
join flights.departures as d using (flight_date, carrier, flight)
group by all
order by flights desc, crew_id, seat
limit 10
