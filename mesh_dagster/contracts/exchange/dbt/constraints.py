"""dbt's constraints -> promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.contracts.exchange.dbt.parts import Reading, items, link, no_repeats, referred
from mesh_dagster.contracts.exchange.document import name_of


def of_column(
    constraint: Mapping[str, Any], document: dict[str, Any], path: str, reading: Reading
) -> Iterator[dict[str, Any]]:
    match constraint.get("type"):
        case "not_null":
            document["required"] = True
        case "unique":
            document["unique"] = True
        case "primary_key":
            document |= {"primaryKey": True, "required": True}
        case "foreign_key":
            _foreign(constraint.get("to"), constraint.get("to_columns"), document, path, reading)
        case "check" | "custom":
            yield _expression(constraint, path, reading)
        case other:
            reading.notes.append(f"{path}: the constraint {other!r}")


def _foreign(to: Any, columns: Any, document: dict[str, Any], path: str, reading: Reading) -> None:
    target = referred(to, reading)
    if target and isinstance(columns, list) and len(columns) == 1:
        link(document, f"{target}.{columns[0]}", warns=False)
    else:
        reading.notes.append(f"{path}: a foreign key to {to}, which is not in this file")


def _expression(constraint: Mapping[str, Any], path: str, reading: Reading) -> dict[str, Any]:
    """A condition in SQL that every row keeps: those that break it are counted."""
    expression = str(constraint.get("expression", "")).strip()
    name = str(constraint.get("name") or "check")
    if constraint.get("type") != "check" or not expression:
        reading.notes.append(f"{path}: the constraint {name}, {expression!r}")
        return {"type": "text", "description": f"{name}: {expression}"}
    query = f"SELECT COUNT(*) FROM {{object}} WHERE NOT ({expression})"  # noqa: S608
    return {"type": "sql", "name": name_of(name), "query": query, "mustBe": 0}


def of_table(
    constraint: Mapping[str, Any],
    properties: list[dict[str, Any]],
    model: str,
    reading: Reading,
) -> Iterator[dict[str, Any]]:
    columns = [str(each) for each in items(constraint.get("columns"))]
    known = {each["name"]: each for each in properties}
    kind = constraint.get("type")
    if kind == "primary_key" and columns and all(each in known for each in columns):
        for position, each in enumerate(columns, 1):
            known[each] |= {"primaryKey": True, "required": True}
            if len(columns) > 1:
                known[each]["primaryKeyPosition"] = position
    elif kind == "unique" and columns:
        yield no_repeats(columns)
    elif kind == "not_null":
        for each in columns:
            known.get(each, {})["required"] = True
    elif kind == "check":
        yield _expression(constraint, model, reading)
    else:
        reading.notes.append(f"{model}: the constraint {kind!r} on {', '.join(columns) or 'it'}")
