"""Example queries with some of the rows that they give, for everybody to see.

They run on what the least privileged reader may see: a column whose classification, or that of
something in it, keeps it hidden is not there for them, nor is one that no contract names. So none
of its values can be in a result, by whatever expression; a query that needs it says so instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

from mesh_dagster.descriptors.queries import read_queries
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.discovery import Cell, ExampleQuery, Facts
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.ports.open import PortData
from mesh_dagster.products.granting.who import of_domain
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.examples import with_rows
from mesh_dagster.products.reading.query import opened
from mesh_dagster.products.reading.sql.process import Limits
from mesh_dagster.products.reading.sql.values import values_of

MOST_ROWS = 10
MOST_COLUMNS = 30
LONGEST = 200
"""Characters of one value of a result."""

_WHOLE = 1 << 63
_MOST = 20
_LIMITS = Limits(seconds=10.0, megabytes=1024)


def known_examples(loaded: LoadedProduct, before: Facts | None) -> tuple[ExampleQuery, ...]:
    """The example queries of a product's folder, with the rows that are told of them already."""
    return with_rows(read_queries(loaded.folder)[:_MOST], before.queries if before else ())


def due(facts: Facts) -> bool:
    """Whether an example query was never run, or not since any of the publications told."""
    return any(_is_due(each, facts) for each in facts.queries)


def run_examples(mesh: Mesh, facts: Facts, has_time: Callable[[], bool]) -> Facts:
    """The same facts with results for the example queries that are due, while there is time."""
    if not facts.publications or not facts.ports:
        return facts
    newest, domain = facts.publications[0].number, facts.ports[0].address.domain
    queries = [
        _run(mesh, each, newest, domain) if _is_due(each, facts) and has_time() else each
        for each in facts.queries
    ]
    return replace(facts, queries=tuple(queries))


def _is_due(query: ExampleQuery, facts: Facts) -> bool:
    told = {each.number for each in facts.publications}
    return bool(told) and query.publication not in told


def _run(mesh: Mesh, query: ExampleQuery, number: int, domain: str) -> ExampleQuery:
    ran = replace(query, publication=number, columns=(), rows=(), note=None)
    try:
        with opened(
            query.sql,
            mesh=mesh,
            limits=_LIMITS,
            means=None,
            reader=of_domain(domain),
            only=lambda *port: _open(mesh, *port),
        ) as rows:
            names = rows.schema.names[:MOST_COLUMNS]
            found = list(islice(_rows(rows.batches, len(names)), MOST_ROWS))
    except MeshError as error:
        return replace(ran, note=f"it gave no rows: {error.what}"[:LONGEST])
    return replace(ran, columns=tuple(each[:LONGEST] for each in names), rows=tuple(found))


def _open(mesh: Mesh, address: Address, data: PortData) -> Sequence[str]:
    """The columns of a port that are for everybody."""
    contract = mesh.contract(address)
    named = {each.column for each in contract.table.properties} - contract.confidential_columns()
    found = [each for each in data.schema if each in named or each == RECORDED_AT]
    if found in ([], [RECORDED_AT]):
        raise UsageError(f"{address} has no column that everybody may see")
    return found


def _rows(batches: Iterable[Any], columns: int) -> Iterator[tuple[Cell, ...]]:
    for batch in batches:
        some = batch.slice(0, MOST_ROWS)
        values = (values_of(column) for column in some.columns[:columns])
        yield from (tuple(map(_cell, row)) for row in zip(*values, strict=True))


def _cell(value: Any) -> Cell:
    match value:
        case None | bool():
            return value
        case int() if -_WHOLE < value < _WHOLE:
            return value
        case Decimal() if value == value.to_integral_value() and abs(value) < _WHOLE:
            return int(value)  # of counts added up
        case float():
            return value if math.isfinite(value) else None
    return str(value)[:LONGEST]
