"""All that there is to know of a product before one uses it, in one value.

Of a product of this checkout it comes from its files and the domain's journal, as of now; of
another's from its domain's document, as of when that was written. Who reads it is what all
domains tell.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mesh_dagster import clock
from mesh_dagster.errors import JournalError, MeshError, StorageError
from mesh_dagster.journal.summary import Summary
from mesh_dagster.model.access import AccessDecision
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.discovery import NOTHING, Access, ExampleQuery, Facts, LevelStanding
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import Product, Status
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.model.wiring import Wiring
from mesh_dagster.ports import pointer
from mesh_dagster.products.discovering.finding import index_of
from mesh_dagster.products.granting.admission import answer_for
from mesh_dagster.products.granting.who import person
from mesh_dagster.products.keeping.levels import levels_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.examples import examples_of, with_rows
from mesh_dagster.products.telling.told import access_of


@dataclass(frozen=True, slots=True)
class Reader:
    """A product that reads this one. `columns` None: it may be any of them."""

    path: str
    team: str
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A product. `age` is how old its newest event is, in seconds. `readers` None: the registry
    could not be asked."""

    product: Product
    contracts: Mapping[str, Contract]
    access: Access
    wiring: Wiring | None = None
    publication: Publication | None = None
    summary: Summary | None = None
    age: float | None = None
    levels: tuple[LevelStanding, ...] = ()
    queries: tuple[ExampleQuery, ...] = ()
    readers: tuple[Reader, ...] | None = None
    score: ScoreTold | None = None
    """As its domain's document tells it."""
    may_read: Mapping[str, AccessDecision] = field(default_factory=dict)
    """By the path of each port, whether whoever asks may read it; none where nobody can tell."""
    name: str = ""
    """What it is called by who reads it: its path, without the major where that means it too."""


def page_of(mesh: Mesh, address: Address) -> Page:
    """What is known of a product now. Raises `UnknownAddress`, `DescriptorError`,
    `StorageError`."""
    product = mesh.resolve(address).of_product
    described = mesh.described(product)
    facts = described.facts
    newest, told = facts.newest_event, _told(mesh, product)
    page = Page(
        product=described.product,
        contracts=described.contracts,
        access=facts.access,
        publication=pointer.current(mesh.storage, product),
        levels=facts.levels,
        queries=with_rows(examples_of(mesh, product), told.queries),
        readers=_readers(mesh, product),
        score=told.score,
        may_read=_may_read(mesh, described.product),
        name=_name(mesh, described.product),
    )
    if product in {each.address for each in mesh.own()}:
        loaded = mesh.load(product)
        summaries = {each.product: each for each in mesh.summary(product.domain)}
        summary = summaries.get(product.path)
        newest = summary.newest_event if summary else None
        page = replace(
            page,
            access=access_of(loaded),
            wiring=loaded.wiring,
            summary=summary,
            levels=_levels(mesh, loaded) if summary else (),
        )
    age = None if newest is None else (clock.now() - newest).total_seconds()
    return replace(page, age=age)


def _name(mesh: Mesh, product: Product) -> str:
    short = Address(product.address.domain, product.address.product)
    meant = product.status is Status.ACTIVE and mesh.resolve(short) == product.address
    return short.path if meant else product.address.path


def _may_read(mesh: Mesh, product: Product) -> Mapping[str, AccessDecision]:
    with suppress(StorageError):
        reader = person(mesh)
        return {
            each.address.path: answer_for(mesh, reader, each.address).decision
            for each in product.outputs
        }
    return {}


def _levels(mesh: Mesh, loaded: LoadedProduct) -> tuple[LevelStanding, ...]:
    from mesh_dagster.products.keeping.service_levels import reports

    with suppress(JournalError):
        stated = (each for one in reports(mesh, [loaded]) for each in one.standings)
        return levels_of(stated)
    return ()


def _told(mesh: Mesh, product: Address) -> Facts:
    """What the document of its domain tells, whatever the files say."""
    with suppress(MeshError):
        return mesh.told(product).facts
    return NOTHING


def _readers(mesh: Mesh, product: Address) -> tuple[Reader, ...] | None:
    with suppress(StorageError), index_of(mesh) as index:
        return index.ask(lambda connection: _asked(connection, product.path))
    return None


def _asked(connection: sqlite3.Connection, path: str) -> tuple[Reader, ...]:
    found = connection.execute(
        """select p.path, p.team, r.columns from reads r join products p on p.id = r.product
        where r.target in (?, ?) and r.kind = 'declared' and p.path <> ? order by p.path""",
        (path, path.rpartition("/")[0], path),
    )
    return tuple(
        Reader(reader, team, None if columns is None else tuple(columns.split(" · ")))
        for reader, team, columns in found
    )
