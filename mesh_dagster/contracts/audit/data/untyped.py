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
from mesh_dagster.descriptors.types import logical
from mesh_dagster.ports.sql import literal, quoted
from mesh_dagster.ports.types import duckdb_type


def with_structure(native: Any, columns: Iterable[Expected]) -> Any:
    """A DuckDB relation whose JSON columns are structures, where the contract says which."""
    there = dict(zip(native.columns, native.types, strict=True))
    replaced = []
    for each in columns:
        if each.inside and str(there.get(each.name)) == "JSON":
            name, shape = quoted(each.name), literal(json.dumps(structure(each)))
            replaced.append(f"json_transform({name}, {shape}) AS {name}")
    return native.project(f"* REPLACE ({', '.join(replaced)})") if replaced else native


def structure(wanted: Expected) -> Any:
    """What DuckDB calls the structure of a JSON value: `{"a": "BIGINT", "b": ["VARCHAR"]}`."""
    parts = {each.name: each for each in wanted.inside}
    if "[]" in parts:
        return [structure(parts["[]"])]
    if parts and "[key]" not in parts:
        return {name: structure(each) for name, each in parts.items()}
    type_ = wanted.type or logical(wanted.logical or "", {})
    return duckdb_type(type_) if type_ else "VARCHAR"
