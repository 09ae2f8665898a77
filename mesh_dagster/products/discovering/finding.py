"""Finding a product: an index of what all domains tell, kept beside the checkout's other state.

It asks the registry and nobody else: neither Dagster nor any domain has to be up. Where the
registry itself cannot be asked, the index answers as of when it last could.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from logging import getLogger

from mesh_dagster.errors import StorageError
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.uses import use_counts
from mesh_dagster.registry.index import Index
from mesh_dagster.registry.search import NO_FILTERS, Filters, Found, search, values_of

FEW = 20


@contextmanager
def index_of(mesh: Mesh, *, anew: bool = False) -> Iterator[Index]:
    """The index of a mesh's registry, as it is now; `anew`: built from nothing.

    Raises `StorageError` where the registry cannot be asked and never was.
    """
    with Index(mesh.config.state / "registry" / "index.db", mesh.documents) as index:
        try:
            index.refresh(anew=anew)
        except StorageError as error:
            if not index.file.exists():
                raise
            getLogger("mesh_dagster").warning(
                "the registry cannot be asked, so this is what was known before: %s", error.what
            )
        yield index


def contents(connection: sqlite3.Connection) -> tuple[int, int]:
    """Of how many domains an index knows products, and of how many products."""
    asked = "select count(distinct domain), count(*) from products"
    domains, products = connection.execute(asked).fetchone()
    return int(domains), int(products)


def mistyped(mesh: Mesh, filters: Filters) -> list[tuple[str, str, list[str]]]:
    """The filters that no product meets: which they are, what is asked for, and what there is.

    Raises `StorageError`.
    """
    asked = [
        *(("domain", each) for each in (filters.domain,) if each is not None),
        *(("tag", each) for each in filters.tags),
        *(("entity", each) for each in filters.entities),
    ]
    with index_of(mesh) as index:
        known = {kind: index.ask(partial(values_of, kind=kind)) for kind, _ in asked}
    return [(kind, each, known[kind]) for kind, each in asked if each not in known[kind]]


def find(mesh: Mesh, terms: str, filters: Filters = NO_FILTERS, limit: int = FEW) -> Found:
    """The products that words find in what all domains tell, the best first; what the people of
    this checkout read lately counts a little more.

    Raises `StorageError`, and `UsageError` for more words than anybody means.
    """
    uses = {address.path: times for address, times in use_counts(mesh).items()}
    with index_of(mesh) as index:
        return index.ask(lambda connection: search(connection, terms, filters, limit, uses))
