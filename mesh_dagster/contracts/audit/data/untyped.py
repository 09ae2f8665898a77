"""Columns of JSON in DuckDB, read by what the contract says lies in them.

Their type says nothing of their parts, so no part is compared with the contract's types. What
the contract asks of the parts' values is asked all the same: a part that is absent, or no value
of its declared type, is a null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mesh_dagster.contracts.rules.kinds import Expected
from mesh_dagster.ports.types import duckdb_type, quoted

_OF_LOGICAL = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMPTZ",
}


def with_structure(native: Any, columns: Iterable[Expected]) -> Any:
    """A DuckDB relation whose JSON columns are structures, where the contract says which."""
    there = dict(zip(native.columns, native.types, strict=True))
    replaced = [
        f"json_transform({quoted(each.name)}, {_text(structure(each))}) AS {quoted(each.name)}"
        for each in columns
        if each.inside and str(there.get(each.name)) == "JSON"
    ]
    return native.project(f"* REPLACE ({', '.join(replaced)})") if replaced else native


def structure(wanted: Expected) -> Any:
    """What DuckDB calls the structure of a JSON value: `{"a": "BIGINT", "b": ["VARCHAR"]}`."""
    parts = {each.name: each for each in wanted.inside}
    if "[]" in parts:
        return [structure(parts["[]"])]
    if parts and "[key]" not in parts:
        return {name: structure(each) for name, each in parts.items()}
    if wanted.type is not None:
        return duckdb_type(wanted.type)
    return _OF_LOGICAL.get(wanted.logical or "", "VARCHAR")


def _text(value: Any) -> str:
    return "'" + json.dumps(value).replace("'", "''") + "'"
