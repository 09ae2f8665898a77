select faa, name as airport
from {{ source('inputs', 'airports') }}
