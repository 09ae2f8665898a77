-- The features of each flight with its label: did it leave 15 minutes late or more?
select risk.*, departures.dep_delay >= 15 as late
from journeys.delay_risk as risk
inner join flights.departures using (flight_date, carrier, flight, origin)
where not departures.cancelled
order by risk.scheduled_departure_at, risk.carrier, risk.flight
