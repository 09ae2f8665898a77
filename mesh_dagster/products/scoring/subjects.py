"""What is known of products that a score asks about.

Of a domain of this checkout it comes from its files and its journal, as of now; of another's from
its discovery document, as of when that was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mesh_dagster.descriptors.queries import read_queries
from mesh_dagster.descriptors.source import Source
from mesh_dagster.errors import AddressError, UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import About, Facts, LevelStanding
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.product import Product
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.examples import with_rows
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.documents import Document, described_of, document_of
from mesh_dagster.registry.entries import UNUSABLE, parsed
from mesh_dagster.registry.facts import facts_from_json
from mesh_dagster.registry.resolve import resolve
from mesh_dagster.scoring.subject import Failing, Observed, Subject

if TYPE_CHECKING:
    from mesh_dagster.journal.seen import Seen

_BROKEN = (Verdict.WARNED, Verdict.FAILED, Verdict.ERROR)


def own_subject(
    loaded: LoadedProduct, seen: Seen, facts: Facts, served: Served, *, registered: bool
) -> Subject:
    """A product of this checkout: `facts` say how it stands, and which examples were run.

    `registered`: its domain's document has it.
    """
    described, domain = Described.of(loaded), loaded.domain
    summary = seen.summary
    observed = Observed(
        registered=registered,
        number=seen.number,
        at=seen.at,
        served=seen.ports,
        audited=summary is not None,
        failing=tuple(
            Failing(each.rule, each.kind, each.port, each.blocks, each.where)
            for each in seen.broken
        ),
        waits=summary is not None and summary.quarantined > 0,
        levels=facts.levels,
        delivered=seen.arrived,
        known=seen.known,
        tells_events=facts.newest_event is not None,
    )
    return Subject(described, About.of(domain), observed, facts.queries, served.missing(described))


def own_facts(loaded: LoadedProduct, levels: Sequence[LevelStanding], told: Facts | None) -> Facts:
    """How a product stands now, with what was told of it before."""
    queries = with_rows(read_queries(loaded.folder), told.queries if told else ())
    newest = told.newest_event if told else None
    return Facts(levels=tuple(levels), queries=queries, newest_event=newest)


def told_subject(described: Described, about: About, served: Served) -> Subject:
    """A product of another checkout, by what its domain tells of it."""
    facts = described.facts
    newest = facts.publications[0] if facts.publications else None
    failing = tuple(
        Failing(
            each.rule,
            each.kind,
            each.port,
            each.severity is Severity.ERROR and each.verdict is not Verdict.WARNED,
        )
        for each in facts.quality
        if each.verdict in _BROKEN
    )
    observed = Observed(
        registered=True,
        number=newest.number if newest else None,
        at=newest.at if newest else None,
        served=frozenset(newest.rows) if newest else frozenset(),
        audited=bool(facts.quality),
        failing=tuple(sorted(failing, key=lambda each: not each.blocks)),
        waits=any(each.blocks for each in failing),
        levels=facts.levels,
        delivered=newest is not None and bool(facts.reads or facts.columns),
        known={port: _made(each.columns) for port, each in facts.columns.items()},
        tells_events=facts.newest_event is not None,
    )
    return Subject(described, about, observed, facts.queries, served.missing(described))


def _made(columns: Mapping[str, object]) -> frozenset[str]:
    return frozenset(name for name, each in columns.items() if each is not None)


class Served:
    """Which addresses somebody serves: each is looked up once, and so is a domain's document."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._known: dict[Address, bool] = {}
        self._documents: dict[str, Document] = {}

    def missing(self, described: Described) -> frozenset[Address]:
        """What a product reads or refers to, and nobody serves. Raises `StorageError`."""
        return frozenset(each for each in _names(described) if not self._is_served(each))

    def _is_served(self, address: Address) -> bool:
        if address not in self._known:
            self._known[address] = any(_finds(address, each) for each in self._places(address))
        return self._known[address]

    def _places(self, address: Address) -> Iterator[Sequence[Product]]:
        """Where a product may be told of: the files here, else the document of its domain."""
        domain = address.domain
        yield self._mesh.own(domain)
        if domain not in self._documents:
            self._documents[domain] = document_of(self._mesh.documents, domain)
        told = described_of(self._documents[domain], f"{domain}/{address.product}")
        yield [each.product for each in told]


def _finds(address: Address, products: Sequence[Product]) -> bool:
    if not products:
        return False
    try:
        resolve(address, products)
    except UnknownAddress:
        return False
    return True


def _names(described: Described) -> Iterable[Address]:
    yield from (each.address for each in described.product.inputs if each.address is not None)
    for contract in described.contracts.values():
        for link in contract.table.links if contract.schema else ():
            with suppress(AddressError):  # of another domain's document
                if link.target is not None:
                    yield Address.parse(link.target)


def told_facts(document: Document, path: str) -> Facts | None:
    """The facts of an entry; None where there is none that can be used."""
    if path not in document.entries:
        return None
    try:
        return facts_from_json(parsed(document.entries[path]), Source("", path, tolerant=True))
    except UNUSABLE:
        return None
