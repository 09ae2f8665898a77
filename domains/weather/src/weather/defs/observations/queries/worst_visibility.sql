-- When could one see the least?
select origin, observed_at, visibility_mi, precipitation_in, wind_speed_mph
from weather.observations
order by visibility_mi, observed_at, origin
limit 10
