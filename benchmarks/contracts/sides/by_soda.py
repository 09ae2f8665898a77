"""Soda core 4: the same promises in its own contract language, on a DuckDB view of the files."""

from __future__ import annotations

import logging
import os

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import duckdb
from orders import EMAIL, FRESH_DAYS, LONGEST_EMAIL, LONGEST_NOTE, MOST, STATUSES
from side import answer, table
from soda_core.contracts.api import verify_contract_locally

logging.disable(logging.CRITICAL)
asked = table()
TYPES = {
    "id": "bigint",
    "customer": "bigint",
    "email": "varchar",
    "amount": "double",
    "status": "varchar",
    "created_at": "timestamp",
    "note": "varchar",
}
CHECKS = {
    "id": "[{missing: }, {duplicate: }]",
    "customer": "[{missing: }, {invalid: {name: customer_range, valid_min: 1}}]",
    "email": (
        f"[{{missing: }}, {{invalid: {{name: email_length, qualifier: l, "
        f"valid_max_length: {LONGEST_EMAIL}}}}}, {{invalid: {{name: email_pattern, qualifier: p, "
        f"valid_format: {{name: email, regex: '{EMAIL}'}}}}}}]"
    ),
    "amount": (
        f"[{{missing: }}, {{invalid: {{name: amount_range, valid_min: 0, valid_max: {MOST:.0f}}}}}]"
    ),
    "status": (
        f"[{{missing: }}, {{invalid: {{name: status_allowed, valid_values: {list(STATUSES)}}}}}]"
    ),
    "note": f"[{{invalid: {{name: note_length, valid_max_length: {LONGEST_NOTE}}}}}]",
}
columns = "\n".join(
    f"  - name: {name}\n    data_type: {type_}"
    + (f"\n    checks: {CHECKS[name]}" if name in CHECKS else "")
    for name, type_ in TYPES.items()
)
contract = f"""
dataset: bench/orders_db/main/orders
columns:
{columns}
checks:
- schema:
- row_count: {{threshold: {{must_be: {asked.rows}}}}}
- freshness:
    column: created_at
    threshold: {{unit: day, must_be_less_than_or_equal: {FRESH_DAYS}}}
- failed_rows: {{name: created_at_range, expression: "created_at < timestamp '2000-01-01'"}}
"""
database = asked.folder / "orders_db.duckdb"
database.unlink(missing_ok=True)
with duckdb.connect(str(database)) as made:
    made.execute(f"create view orders as select * from read_parquet('{asked.glob}')")
source = asked.folder / "soda.source.yml"
source.write_text(f"type: duckdb\nname: bench\nconnection:\n  database: {database}\n")
stated = asked.folder / "soda.contract.yml"
stated.write_text(contract)
verified = verify_contract_locally(
    data_source_file_path=str(source), contract_file_path=str(stated)
)
found: dict[str, int | None] = {}
for result in verified.contract_verification_results:
    for check in result.check_results:
        kind, column = check.check.type, check.check.column_name
        values = check.diagnostic_metric_values or {}
        failed = {"PASSED": 0, "FAILED": 1}.get(check.outcome.value)
        if kind == "missing":
            found[f"{column}_required"] = int(values["missing_count"])
        elif kind == "duplicate":
            found["id_unique"] = int(values["duplicate_count"])
        elif kind == "invalid":
            found[check.check.name] = int(values["invalid_count"])
        elif kind == "failed_rows":
            found["created_at_range"] = int(values["failed_rows_count"])
        else:
            found[{"freshness": "created_at_freshness"}.get(kind, kind)] = failed
answer(found)
