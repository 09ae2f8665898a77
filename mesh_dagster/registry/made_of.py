"""Column lineage in discovery documents.

For each port: `{"evidence": "sql", "columns": {"delay": [{"address": ..., "column": ..., "use":
...}], "carrier": null}, "rows": [...]}`. A column with null is unknown; one with an empty list is
made of no column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use

MOST_EDGES = 20_000
"""Of one port: a thousand columns, each made of twenty."""


def json_from_columns(lineage: ColumnLineage) -> dict[str, Any]:
    """Column lineage of one port in plain JSON, always in the same order."""
    return {
        "evidence": lineage.evidence and lineage.evidence.value,
        "columns": {
            name: None if used is None else _used(used)
            for name, used in sorted(lineage.columns.items())
        },
        "rows": None if lineage.rows is None else _used(lineage.rows),
    }


def columns_from_json(stated: Any) -> dict[str, ColumnLineage]:
    """Column lineage by port. Raises `ValueError` and the like for what is none."""
    return {_text(port): _lineage(each) for port, each in stated.items()}


def _used(columns: Iterable[InputColumn]) -> list[dict[str, str]]:
    return [_edge(each) for each in sorted(set(columns), key=_order)]


def _order(each: InputColumn) -> tuple[str, str, str, str]:
    return (str(each.address or ""), each.source, each.column, each.use.value)


def _edge(each: InputColumn) -> dict[str, str]:
    origin = {"address": str(each.address)} if each.address else {"source": each.source}
    return {**origin, "column": each.column, "use": each.use.value}


def _lineage(stated: Mapping[str, Any]) -> ColumnLineage:
    columns = {
        _text(name): None if used is None else _columns(used)
        for name, used in stated["columns"].items()
    }
    told = stated.get("rows")
    rows = None if told is None else _columns(told)
    if len(rows or ()) + sum(len(used or ()) for used in columns.values()) > MOST_EDGES:
        raise ValueError(f"more than {MOST_EDGES:,} columns of inputs are named")
    evidence = stated.get("evidence")
    return ColumnLineage(columns, rows, None if evidence is None else Evidence(evidence))


def _columns(stated: Iterable[Mapping[str, Any]]) -> tuple[InputColumn, ...]:
    return tuple(_column(each) for each in stated)


def _column(stated: Mapping[str, Any]) -> InputColumn:
    address = None if stated.get("address") is None else Address.parse(_text(stated["address"]))
    source = "" if address else _text(stated["source"])
    return InputColumn(address, _text(stated["column"]), Use(stated["use"]), source)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text is expected")
    return value
