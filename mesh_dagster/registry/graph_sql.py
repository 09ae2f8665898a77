"""What a graph asks an index: many things by one statement each, handed over as a JSON array.

`cross join` keeps SQLite to the order that is written: what is asked comes first, so that only
what it touches is looked at.
"""
# ruff: noqa: S608 (put together of constants of this module alone)

from __future__ import annotations

NODE = "select path, domain, archetype, stage, status, slo, team, purpose from products"
NODES = f"{NODE} where path in (select value from json_each(?))"
READERS = """
select r.target, p.path, r.kind, r.columns
from json_each(?) as asked
cross join reads r on r.target = asked.value
cross join products p on p.id = r.product
"""
UNCLEAR_READERS = f"""
{READERS}
where not exists (select 1 from edges e where e.product = r.product)
    or exists (select 1 from edges e where e.product = r.product and e.target = '')
"""
DECLARING = f"{READERS} where r.kind = 'declared'"
DECLARING_COLUMNS = f"""
{DECLARING} and exists (
    select 1 from json_each(?) as c
    where instr(' · ' || r.columns || ' · ', ' · ' || c.value || ' · ')
)
"""
READS = """
select r.target, r.kind, r.columns from reads r join products p on p.id = r.product
where p.path = ?
"""
ALL_READS = """
select p.path, r.target, r.kind, r.columns from reads r join products p on p.id = r.product
"""
EDGE = """
    p.path, case e.port when '' then p.path else p.path || '/' || e.port end,
    e."column", e.target, e.target_column, e.use
"""
MADE = f"select {EDGE} from edges e join products p on p.id = e.product where p.path = ?"
USED_COLUMNS = f"""
select asked.key, {EDGE} from json_each(?) as asked
cross join edges e on e.target = json_extract(asked.value, '$[0]')
    and e.target_column = json_extract(asked.value, '$[1]')
cross join products p on p.id = e.product
limit ?
"""
MADE_OF_PORTS = """
select at, p.path, case port when '' then p.path else p.path || '/' || port end
from (
    select distinct asked.key as at, e.product, e.port from json_each(?) as asked
    cross join edges e on e.target = asked.value
)
cross join products p on p.id = product
limit ?
"""
TELLS = """
select p.path from json_each(?) as asked cross join products p on p.path = asked.value
where exists (select 1 from edges e where e.product = p.id)
"""
TELLS_COLUMNS = f"""
{TELLS}
    or exists (
        select 1 from reads r
        where r.product = p.id and r.kind = 'observed' and r.columns is not null
    )
"""
UNKNOWN = f"""
select {EDGE} from json_each(?) as asked
cross join products p on p.path = asked.value
cross join edges e on e.product = p.id
where e.target = ''
"""
PORTS_READ = """
select distinct target from edges where target > ?1 || '/' and target < ?1 || '0' order by target
"""
MAJORS = """
select asked.value, p.path, p.status from json_each(?) as asked
cross join products p on p.path > asked.value || '/v' and p.path < asked.value || '/w'
"""
