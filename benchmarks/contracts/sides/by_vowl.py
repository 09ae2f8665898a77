"""vowl: the contract file as it is, on a DuckDB view of the files."""

from __future__ import annotations

import ibis
from side import answer, table
from vowl import validate_data
from vowl.adapters import IbisAdapter

NAMES = {
    "required_check": "required",
    "unique_check": "unique",
    "logical_type_options_pattern_check": "pattern",
    "logical_type_options_minimum_check": "range",
    "logical_type_options_maximum_check": "range",
    "logical_type_options_maxLength_check": "length",
}
asked = table()
connection = ibis.duckdb.connect()
connection.raw_sql(f"create view orders as select * from read_parquet('{asked.glob}')")
result = validate_data(str(asked.contract), adapter=IbisAdapter(connection))
found: dict[str, int | None] = {"schema": 0}
for check in result.check_results:
    name, said = check.check_name, check.actual_value
    for suffix, ours in NAMES.items():
        if name.endswith(suffix) and said is not None:
            rule = f"{name.removesuffix('_' + suffix)}_{ours}"
            found[rule] = (found.get(rule) or 0) + int(said)
    if name.endswith(("column_exists_check", "logical_type_check")):
        found["schema"] = (found["schema"] or 0) + int(check.status != "PASSED")
    if name == "row_count":
        found["row_count"] = int(check.status != "PASSED")
    if name == "status_allowed":
        found["status_allowed"] = int(said)
answer(found)
