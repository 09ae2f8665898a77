"""What a domain tells of a product beside its files, put together from journal and contracts.

Nothing of it holds a value of a column that not everybody may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mesh_dagster.journal import Journal
from mesh_dagster.journal.known import Known
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import (
    Facts,
    ObservedRead,
    RuleStanding,
    ServedPort,
    Told,
)
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.slo import Standing
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import places
from mesh_dagster.products.keeping.levels import levels_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.example_results import known_examples
from mesh_dagster.products.telling.told import access_of

FORMAT = "iceberg"
_PUBLICATIONS = 5
_PARTITIONS = 20
_RULES = 500


def facts_of(
    mesh: Mesh,
    loaded: LoadedProduct,
    journal: Journal,
    standings: Iterable[Standing],
    before: Facts | None,
) -> Facts:
    """All that is told of a product, as of now. Raises `JournalError`, `StorageError`.

    Example queries are not run: they keep the rows that were told of them before.
    """
    path = loaded.product.address.path
    known = journal.known(path, _PUBLICATIONS)
    columns = journal.columns(path)
    return Facts(
        ports=_ports(mesh, loaded),
        publications=tuple(map(_told, known.publications)),
        newest_event=known.newest_event if _tells_events(loaded) else None,
        quality=tuple(_rule(each) for each in known.results[:_RULES]),
        levels=levels_of(standings),
        queries=known_examples(loaded, before),
        access=access_of(loaded),
        reads=tuple(_reads(known, tuple(columns.values()))),
        columns=columns,
    )


def _ports(mesh: Mesh, loaded: LoadedProduct) -> tuple[ServedPort, ...]:
    found = []
    for output in loaded.product.outputs:
        key = places.port(output.address.of_product, output.address.port)
        found.append(ServedPort(output.address, FORMAT, mesh.storage.uri(key)))
    return tuple(found)


def _told(publication: Publication) -> Told:
    changed = publication.partitions
    return Told(
        number=publication.number,
        at=publication.at,
        kind=publication.kind.value,
        rows={port: state.rows for port, state in publication.ports.items()},
        partitions=None if changed is None else tuple(sorted(changed)[-_PARTITIONS:]),
    )


def _tells_events(loaded: LoadedProduct) -> bool:
    """Whether every column that says when a fact happened is for everybody."""
    return not any(
        contract.schema and contract.table.event_time in contract.confidential_columns()
        for contract in loaded.contracts.values()
    )


def _rule(result: RuleResult) -> RuleStanding:
    share = None
    if result.checked and result.failed is not None:
        share = round(result.failed / result.checked, 6)
    return RuleStanding(
        rule=result.rule,
        port=result.port or "",
        kind=result.kind,
        severity=result.severity,
        verdict=result.verdict,
        column=result.column,
        dimension=result.dimension,
        failing=share,
    )


def _reads(known: Known, made: Sequence[ColumnLineage]) -> Iterator[ObservedRead]:
    for each in known.reads:
        if each.number is not None:
            address = Address.parse(each.address)
            yield ObservedRead(each.port, address, each.number, _columns(address, made))


def _columns(address: Address, made: Sequence[ColumnLineage]) -> tuple[str, ...] | None:
    """Those of an input that are used; None where of any output nobody knows what it is made of."""
    if not made or not all(each.whole for each in made):
        return None
    used = {column for each in made for of, column, _ in each.read if of == address}
    return tuple(sorted(used))
