"""Whether products still promise what their discovery documents say, cheaply.

A contract that breaks what its major promised is refused where a domain loads and before a
product is made, and never gets into the mesh's documents: whoever reads the major goes on being
promised what he was.

A location of a thousand products asks this at each load. Each entry of the domain's document
begins with a checksum of what it promises: it tells which products were compared before, as they
are now, with the files as they are now. Of the others the checksum of their files is made, and
only where it is another the entry is parsed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from logging import getLogger
from pathlib import Path

from mesh_dagster.contracts import evolution
from mesh_dagster.descriptors.cache import ModelCache, Stamps, stamp
from mesh_dagster.descriptors.files import DESCRIPTOR
from mesh_dagster.descriptors.folder import contract_files
from mesh_dagster.descriptors.source import refuse
from mesh_dagster.errors import MeshError, StorageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.ports.storage import Storage
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.changed import changed
from mesh_dagster.registry.documents import Document, document_of
from mesh_dagster.registry.entries import promise_in


def refuse_breaking(mesh: Mesh, products: Sequence[LoadedProduct]) -> None:
    """Raise `DescriptorError` if a product of a domain breaks what is published of its major.

    Storage that cannot be asked stops nobody: it is logged, and `mesh check` tells it.
    """
    if not products:
        return
    try:
        compared = Compared(mesh.documents, products)
        errors = _errors(mesh, compared.unknown, compared.document)
    except MeshError as error:
        getLogger("mesh_dagster").warning(
            "contracts were not compared with what is published: %s", error.what
        )
        return
    refuse(errors)
    compared.keep(compared.unknown)


def refuse_broken(mesh: Mesh, loaded: LoadedProduct) -> None:
    """The same of one product, before anything is made of it."""
    errors: list[Finding] = []
    with suppress(StorageError):  # the registry is none of what a run needs
        errors = _errors(mesh, [loaded])
    refuse(errors)


def breaks_published(mesh: Mesh, loaded: LoadedProduct) -> bool:
    """Whether a product's contract breaks what is published of its major.

    Raises `StorageError` where that cannot be told.
    """
    return bool(_errors(mesh, [loaded]))


def _errors(
    mesh: Mesh, products: Sequence[LoadedProduct], document: Document | None = None
) -> list[Finding]:
    differing = list(changed(mesh.documents, products, document))
    if not differing:
        return []
    # Comparing contracts is imported where one changed: most loads do without.
    from mesh_dagster.products.telling.evolution import published_findings

    found = published_findings(mesh, differing)
    return [each for each in found if each.severity is Severity.ERROR]


class Compared:
    """The products of one domain, and which of them were found to break nothing before."""

    def __init__(self, storage: Storage, products: Sequence[LoadedProduct]) -> None:
        domain = products[0].domain
        self.document = document_of(storage, domain.name)
        self._cache = ModelCache("published", str(domain.folder), storage.url, *_graded_by())
        self._stamps = {
            loaded.product.address: _stamps(entry, loaded)
            for loaded in products
            if (entry := self.document.entries.get(loaded.product.address.path)) is not None
        }
        self.unknown = [each for each in products if self._is_unknown(each)]
        """Those that have an entry and were not compared with it as they are."""

    def _is_unknown(self, loaded: LoadedProduct) -> bool:
        address = loaded.product.address
        if address not in self._stamps:
            return False
        stamps = self._stamps[address]
        return stamps is None or self._cache.get(address.path, stamps) is None

    def keep(self, products: Sequence[LoadedProduct]) -> None:
        """Remember that these break nothing."""
        for loaded in products:
            if stamps := self._stamps[loaded.product.address]:
                self._cache.put(loaded.product.address.path, stamps, True)
        self._cache.save()


def _stamps(entry: bytes, loaded: LoadedProduct) -> Stamps | None:
    folder = str(loaded.folder)
    files = stamp(folder, [DESCRIPTOR, *contract_files(loaded.folder)])
    promise = promise_in(entry)
    return None if files is None or promise is None else [[promise, 0, len(promise)], *files]


@cache
def _graded_by() -> list[str]:
    """The code that compares, by its files: what it found is found anew when it changes."""
    folder = Path(evolution.__file__).parent
    found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    return [f"{each.name}:{each.stat().st_mtime_ns}" for each in found if each.is_file()]
