"""The sixteen rules by hand: one query of DuckDB, as somebody writes it."""

from __future__ import annotations

import duckdb
from orders import EMAIL, FRESH_DAYS, LONGEST_EMAIL, LONGEST_NOTE, MOST, STATUSES
from side import answer, table

asked = table()
files = f"read_parquet('{asked.glob}')"
types = {
    "id": "VARCHAR" if asked.ids == "text" else "BIGINT",
    "customer": "BIGINT",
    "email": "VARCHAR",
    "amount": "DOUBLE",
    "status": "VARCHAR",
    "created_at": "TIMESTAMP",
    "note": "VARCHAR",
}
query = f"""
select
  count(*) filter (id is null) as id_required,
  count(id) - count(distinct id) as id_unique,
  count(*) filter (customer is null) as customer_required,
  count(*) filter (customer < 1) as customer_range,
  count(*) filter (email is null) as email_required,
  count(*) filter (length(email) > {LONGEST_EMAIL}) as email_length,
  count(*) filter (not regexp_matches(email, '{EMAIL}')) as email_pattern,
  count(*) filter (amount is null) as amount_required,
  count(*) filter (amount not between 0 and {MOST}) as amount_range,
  count(*) filter (status is null) as status_required,
  count(*) filter (status not in {STATUSES}) as status_allowed,
  count(*) filter (created_at < timestamp '2000-01-01') as created_at_range,
  count(*) filter (length(note) > {LONGEST_NOTE}) as note_length,
  (count(*) <> {asked.rows})::int as row_count,
  (max(created_at) < now()::timestamp - interval {FRESH_DAYS} day)::int as created_at_freshness
from {files}
"""
relation = duckdb.sql(query)
found = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
described = duckdb.sql(f"describe select * from {files}").fetchall()
found["schema"] = int({row[0]: row[1] for row in described} != types)
answer(found)
