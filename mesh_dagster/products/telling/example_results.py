"""Example queries with some of the rows that they give, for everybody to see.

They run on what the least privileged reader may see: a column whose classification, or that of
something in it, keeps it hidden is not there for them, nor is one that no contract names. So none
of its values can be in a result, by whatever expression; a query that needs it says so instead.
Where not everybody may read what a query reads, its rows are withheld, and so is what its error
says, which may quote a value.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

from mesh_dagster.access.decision import Audience, audience_of
from mesh_dagster.descriptors.queries import read_queries
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.discovery import Cell, ExampleQuery, Facts
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.ports.open import PortData
from mesh_dagster.products.granting.guarding import EVERYBODY, readers_of
from mesh_dagster.products.granting.who import of_domain
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.examples import with_rows
from mesh_dagster.products.reading.query import opened
from mesh_dagster.products.reading.sql.process import Limits
from mesh_dagster.products.reading.sql.values import values_of
from mesh_dagster.registry.described import Described

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
    newest, product = facts.publications[0].number, facts.ports[0].address.of_product
    queries = [
        _run(mesh, each, newest, product) if _is_due(each, facts) and has_time() else each
        for each in facts.queries
    ]
    return replace(facts, queries=tuple(queries))


def _is_due(query: ExampleQuery, facts: Facts) -> bool:
    told = {each.number for each in facts.publications}
    return bool(told) and query.publication not in told


def _run(mesh: Mesh, query: ExampleQuery, number: int, product: Address) -> ExampleQuery:
    ran = replace(query, publication=number, columns=(), rows=(), note=None, withheld=False)
    live = f"mesh query {product.path} {shlex.quote(query.name)}"
    closed: list[Address] = []

    def named(address: Address, data: PortData) -> Sequence[str]:
        described = mesh.described(address)
        if not _is_for_everybody(address, described, product.domain):
            closed.append(address)
        return _open(address, described, data)

    try:
        with opened(
            query.sql,
            mesh=mesh,
            limits=_LIMITS,
            means=None,
            reader=of_domain(product.domain),
            only=named,
        ) as rows:
            names = rows.schema.names[:MOST_COLUMNS]
            found = list(islice(_rows(rows.batches, len(names)), MOST_ROWS))
    except MeshError as error:
        if closed:
            return replace(ran, note=f"it gave no rows; what is wrong says: {live}")
        return replace(ran, note=f"it gave no rows: {error.what}"[:LONGEST])
    if closed:
        note = f"its rows are for who may read {closed[0].path}: {live}"
        return replace(ran, note=note, withheld=True)
    return replace(ran, columns=tuple(each[:LONGEST] for each in names), rows=tuple(found))


def _is_for_everybody(address: Address, described: Described, domain: str) -> bool:
    """Whether a domain may tell everybody what is public in a port.

    Of its own, where the product is for everybody, as the domain knows what it says; of
    another's, where everybody may read the whole port.
    """
    if address.domain == domain:
        return audience_of(described.product) is Audience.EVERYBODY
    return readers_of(described.product, described.contracts[address.port or ""]) == EVERYBODY


def _open(address: Address, described: Described, data: PortData) -> Sequence[str]:
    """The columns of a port that are for everybody."""
    contract = described.contracts[address.port or ""]
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
