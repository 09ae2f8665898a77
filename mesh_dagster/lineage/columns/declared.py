"""What a contract states of its columns' origins, for a transform that nothing else tells of.

ODCS has two words for it: `transformSourceObjects`, here `<input port>.<column>` each, and
`transformLogic`, here an expression of SQL over the input ports, which tells it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mesh_dagster.lineage.columns.relation import (
    InputTable,
    Made,
    Relation,
    by_port,
    ordered,
    together,
    used,
)
from mesh_dagster.lineage.columns.sql import Uncertain, relation_from_sql
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use

SOURCES = "transformSourceObjects"
LOGIC = "transformLogic"
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Statement:
    """What a contract says of one column: the input columns by port, and the logic if any."""

    column: str
    sources: tuple[tuple[str, str], ...]
    logic: str | None = None
    where: str | None = None


def statements_of(contract: Contract) -> tuple[Statement, ...]:
    """What a contract says of the origins of its columns; nothing of most."""
    properties = contract.table.properties if contract.schema else ()
    return tuple(_statement(each) for each in properties if _states(each))


def with_declared(
    lineage: ColumnLineage, contract: Contract, tables: Sequence[InputTable]
) -> ColumnLineage:
    """The same, where columns that are unknown are what the contract says."""
    missing = {name for name, made in lineage.columns.items() if made is None}
    stated = [each for each in statements_of(contract) if each.column in missing]
    made = {each.column: found for each in stated if (found := _made(each, tables)) is not None}
    if not made:
        return lineage
    columns = {**lineage.columns, **{name: ordered(found) for name, found in made.items()}}
    return replace(lineage, columns=columns, evidence=Evidence.DECLARED)


def differences(
    lineage: ColumnLineage, contract: Contract, tables: Sequence[InputTable]
) -> Iterator[tuple[Statement, frozenset[InputColumn]]]:
    """Statements that name columns which the transform, as far as it is known, does not use."""
    known = {
        name: {(each.address, each.column, each.source) for each in made}
        for name, made in lineage.columns.items()
        if made is not None and lineage.evidence is not Evidence.DECLARED
    }
    rows = {(each.address, each.column, each.source) for each in lineage.rows or ()}
    for each in statements_of(contract):
        found = _made(each, tables)
        if found is not None and each.column in known and lineage.rows is not None:
            allowed = known[each.column] | rows
            more = [x for x in found if (x.address, x.column, x.source) not in allowed]
            if more:
                yield each, frozenset(more)


def _states(column: Property) -> bool:
    return bool(column.rest.get(SOURCES) or column.rest.get(LOGIC))


def _statement(column: Property) -> Statement:
    stated = column.rest.get(SOURCES)
    named = [str(each) for each in stated[:_MOST]] if isinstance(stated, list) else []
    pairs = [(port, name) for each in named for port, _, name in [each.partition(".")]]
    logic = column.rest.get(LOGIC)
    return Statement(
        column.column,
        tuple(pairs),
        logic if isinstance(logic, str) and logic.strip() else None,
        column.where,
    )


def _made(statement: Statement, tables: Sequence[InputTable]) -> Made:
    """What a statement comes to; None where it names no columns that are there."""
    found = _by_logic(statement, tables) if statement.logic is not None else None
    if found is not None:
        return found
    if not statement.sources:
        return None
    ports = {each.port: each for each in tables}
    return together(_named(ports, port, column) for port, column in statement.sources)


def _named(ports: Mapping[str, InputTable], port: str, column: str) -> Made:
    table = ports.get(port)
    if table is None or column not in table.columns:
        return None
    return used(table.column(column), Use.TRANSFORMATION)


def _by_logic(statement: Statement, tables: Sequence[InputTable]) -> Made:
    """Of logic that is SQL; words of prose tell nothing."""
    relations = by_port(tables)
    logic = (statement.logic or "").strip().rstrip(";")
    ports = [port for port, _ in statement.sources if port in relations]
    for text in _texts(logic, ports or relations):
        try:
            found = relation_from_sql(text, relations)
        except Uncertain:
            continue
        if len(found.columns) == 1:
            return together([_of(found), found.rows])
    return None


def _texts(logic: str, ports: Iterable[str]) -> Iterator[str]:
    named = ", ".join(f'"{port}"' for port in dict.fromkeys(ports))
    if logic.lower().startswith(("select", "with", "from")):
        yield logic
    elif named:
        # It is parsed, and never run.
        yield f"select ({logic}) as value from {named}"  # noqa: S608


def _of(relation: Relation) -> Made:
    return relation.columns[0][1]
