"""datacontract-cli: the contract file as it is."""

from __future__ import annotations

import logging

from datacontract.data_contract import DataContract
from side import answer, table

logging.disable(logging.CRITICAL)
NAMES = {
    "field_required": "required",
    "field_unique": "unique",
    "field_regex": "pattern",
    "field_minimum": "range",
    "field_maximum": "range",
    "field_max_length": "length",
    "field_invalid_values": "allowed",
    "servicelevel_freshness": "freshness",
}
found: dict[str, int | None] = {"schema": 0}
for check in DataContract(data_contract_file=str(table().contract)).test().checks:
    said = check.result.value
    values = check.diagnostics or {}
    if check.type in ("field_is_present", "field_type"):
        # A warning here says that types in Parquet files are not checked.
        failed = {"passed": 0, "failed": 1}.get(said)
        before = found["schema"]
        found["schema"] = None if before is None or failed is None else before + failed
    elif check.type == "row_count":
        found["row_count"] = int(said != "passed")
    elif check.type == "servicelevel_freshness":
        found["created_at_freshness"] = int(said != "passed")
    else:
        rule = f"{check.field}_{NAMES.get(check.type, check.type)}"
        found[rule] = (found.get(rule) or 0) + values["value"] if "value" in values else None
answer(found)
