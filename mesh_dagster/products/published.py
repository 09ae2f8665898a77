"""Whether products still promise what their discovery documents say, cheaply.

A contract that breaks what its major promised is refused where a domain loads and before a
product is made, and never gets into the mesh's documents: whoever reads the major goes on being
promised what he was.

A location of a thousand products asks this at each load. One listing of the domain's documents
tells which of them were compared before, as they are now, with the files as they are now; of the
others each document is read, and held byte by byte against the one that would be written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from logging import getLogger
from pathlib import Path

from mesh_dagster.contracts import evolution
from mesh_dagster.descriptors.cache import ModelCache, Stamps, stamp
from mesh_dagster.descriptors.files import DESCRIPTOR
from mesh_dagster.descriptors.folder import contract_files
from mesh_dagster.descriptors.source import refuse
from mesh_dagster.errors import MeshError, MissingObject, StorageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.ports.storage import Entry, Storage
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.documents import Described, document_key, encode

_FEW = 4
_AT_ONCE = 16
Changed = tuple[LoadedProduct, bytes]
"""A product, and the document of it that says something else."""


def refuse_breaking(mesh: Mesh, products: Sequence[LoadedProduct]) -> None:
    """Raise `DescriptorError` if a product of a domain breaks what is published of its major.

    Storage that cannot be asked stops nobody: it is logged, and `mesh check` tells it.
    """
    if not products:
        return
    try:
        compared = Compared(mesh.documents, products)
        errors = _errors(mesh, compared.unknown)
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


def _errors(mesh: Mesh, products: Sequence[LoadedProduct]) -> list[Finding]:
    differing = list(changed(mesh.documents, products))
    if not differing:
        return []
    # Comparing contracts is imported where one changed: most loads do without.
    from mesh_dagster.products.evolution import published_findings

    found = published_findings(mesh, differing)
    return [each for each in found if each.severity is Severity.ERROR]


def changed(storage: Storage, products: Sequence[LoadedProduct]) -> Iterator[Changed]:
    """The products that are not as published, each with the document that is.

    What was never published is as good as unchanged. Raises `StorageError`.
    """
    read = partial(_document, storage)
    if len(products) <= _FEW:
        documents = list(map(read, products))
    else:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            documents = list(threads.map(read, products))
    for loaded, data in zip(products, documents, strict=True):
        if data is not None and data != encode(Described.of(loaded)):
            yield loaded, data


def _document(storage: Storage, loaded: LoadedProduct) -> bytes | None:
    try:
        return storage.read(document_key(loaded.product.address))
    except MissingObject:
        return None


class Compared:
    """The products of one domain, and which of them were found to break nothing before."""

    def __init__(self, storage: Storage, products: Sequence[LoadedProduct]) -> None:
        domain = products[0].domain
        entries = {each.key: each for each in storage.list(f"{domain.name}/")}
        self._cache = ModelCache("published", str(domain.folder), storage.url, *_graded_by())
        self._stamps = {
            loaded.product.address: _stamps(entries[key], loaded)
            for loaded in products
            if (key := document_key(loaded.product.address)) in entries
        }
        self.unknown = [each for each in products if self._is_unknown(each)]
        """Those that have a document and were not compared with it as they are."""

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


def _stamps(entry: Entry, loaded: LoadedProduct) -> Stamps | None:
    folder = str(loaded.folder)
    files = stamp(folder, [DESCRIPTOR, *contract_files(loaded.folder)])
    written = int(entry.modified.timestamp() * 1e9)
    return None if files is None else [[entry.key, written, entry.size], *files]


@cache
def _graded_by() -> list[str]:
    """The code that compares, by its files: what it found is found anew when it changes."""
    folder = Path(evolution.__file__).parent
    found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    return [f"{each.name}:{each.stat().st_mtime_ns}" for each in found if each.is_file()]
