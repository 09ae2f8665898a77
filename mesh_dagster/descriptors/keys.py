"""What a table of a contract says about its own columns: names, primary key, references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesh_dagster.descriptors.source import Map, Source
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.model.contract import (
    RECORDED_AT,
    Property,
    Relationship,
    SchemaObject,
    names_others,
)
from mesh_dagster.model.finding import Severity

_RESERVED = "__mesh_"
"""What the columns begin with that the platform adds while it computes."""


def place_keys(listed: Sequence[Map], source: Source) -> dict[int, int]:
    """Identity of a column's mapping -> its position in the primary key.

    A key without positions has them in the order of its columns.
    """
    taken: dict[int, str] = {}
    unplaced: list[Map] = []
    placed: dict[int, int] = {}
    for each in listed:
        position = each.get("primaryKeyPosition", -1)
        if not each.get("primaryKey", False):
            if position > 0:
                message = f"`primaryKeyPosition` is {position} and `primaryKey` is not true"
                line = each.line_of("primaryKeyPosition")
                source.report("MESH-D019", message, line, fix="primaryKey: true")
        elif position < 1:
            unplaced.append(each)
        elif position in taken:
            message = f"position {position} of the primary key is taken by `{taken[position]}`"
            source.report("MESH-D019", message, each.line_of("primaryKeyPosition"))
        else:
            taken[position] = each.get("name", "")
            placed[id(each)] = position
    following = max(taken, default=0) + 1
    return placed | {id(each): following + at for at, each in enumerate(unplaced)}


def check_unique_names(columns: Sequence[Property], source: Source) -> None:
    """Report two columns of one name, and names that are the platform's.

    SQL knows no case, so names that differ in nothing else are one name.
    """
    seen: dict[str, Property] = {}
    for each in columns:
        column = each.column
        lower = column.lower()
        line = _line(each.where)
        if lower in seen:
            _report_second(column, seen[lower], line, source)
        seen.setdefault(lower, each)
        if lower == RECORDED_AT:
            message = f"`{RECORDED_AT}` is added by the platform to every port"
            source.report("MESH-D030", message, line, fix="remove it from the contract")
        elif lower.startswith(_RESERVED):
            message = f"`{column}` begins with `{_RESERVED}`, as columns of the platform do"
            source.report("MESH-D030", message, line, fix="name it without that")


def check_no_patterns(columns: Sequence[Property], source: Source) -> None:
    """Report names by which Polars would read other columns, nested ones included."""
    for each in _all(columns):
        name = next((name for name in (each.column, each.name) if names_others(name)), None)
        if name is None:
            continue
        message = f"the column `{name[:100]}` is named like a pattern, and would stand for others"
        plain = name.strip("^$*")
        fix = f"name: {plain}" if plain.isidentifier() else "name it in letters, digits and _"
        source.report("MESH-D014", message, _line(each.where), fix=fix)


def _report_second(column: str, first: Property, line: int, source: Source) -> None:
    at = _line(first.where)
    if column == first.column:
        message = f"the column `{column}` is declared twice; the first is in line {at}"
        source.report("MESH-D015", message, line)
        return
    message = f"the column `{column}` differs only in case from `{first.column}` in line {at}"
    source.report("MESH-D015", message, line, fix="give one of them another name")


def check_references(schema: Sequence[SchemaObject], source: Source) -> None:
    """Report references within the contract to tables and columns that it does not have."""
    tables = {_id(table.rest, table.name): table for table in schema}
    tables |= {table.stored: table for table in schema}
    tables |= {table.name: table for table in schema}
    for table in schema:
        for each in _relationships(table):
            if table.relationships and each in table.relationships:
                _check_columns(each, each.columns, table, source)
            if each.target is None and each.target_object not in tables:
                message = f"`to` names the table `{each.target_object}`"
                hint = did_you_mean(each.target_object, [known.name for known in schema])
                line, severity = _line(each.where), Severity.WARNING
                source.report("MESH-D017", message + hint, line, severity=severity)
            elif each.target is None:
                target = tables[each.target_object]
                _check_columns(each, each.target_columns, target, source, Severity.WARNING)


def _relationships(table: SchemaObject) -> Iterator[Relationship]:
    yield from table.relationships
    for each in _all(table.properties):
        yield from each.relationships


def _all(columns: Sequence[Property]) -> Iterator[Property]:
    for each in columns:
        yield each
        yield from _all(each.parts)


def _check_columns(
    relationship: Relationship,
    names: Sequence[str],
    table: SchemaObject,
    source: Source,
    severity: Severity = Severity.ERROR,
) -> None:
    for name in names:
        first = name.partition(".")[0]
        known = {_id(each.rest, each.name) for each in table.properties}
        if table.find(first) is None and first not in known:
            hint = did_you_mean(first, [each.name for each in table.properties])
            message = f"the reference names `{table.name}.{first}`{hint}"
            source.report("MESH-D017", message, _line(relationship.where), severity=severity)


def _id(rest: object, name: str) -> str:
    return str(rest.get("id", name)) if isinstance(rest, dict) else name


def _line(where: str | None) -> int:
    last = (where or "").rpartition(":")[2]
    return int(last) if last.isdecimal() else 0
