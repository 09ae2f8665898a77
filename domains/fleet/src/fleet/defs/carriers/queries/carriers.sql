-- Which carriers are there, and what are they called?
select carrier, name
from fleet.carriers
order by carrier
