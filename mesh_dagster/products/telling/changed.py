"""Products that do not promise what their discovery documents say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.documents import Document, document_of
from mesh_dagster.registry.entries import checksum, promise_in, promise_of

Changed = tuple[LoadedProduct, Described]
"""A product, and what its domain's document says of it, which is something else."""


def changed(
    storage: Storage, products: Sequence[LoadedProduct], document: Document | None = None
) -> Iterator[Changed]:
    """The products that do not promise what their domain's document says, each with that.

    What is in no document is as good as unchanged, and so is what cannot be understood in it.
    `document` is that of their domain where it was read already. Raises `StorageError`.
    """
    known = {} if document is None else {document.about.name: document}
    for loaded in products:
        name, path = loaded.domain.name, loaded.product.address.path
        if name not in known:
            known[name] = document_of(storage, name)
        entry = known[name].entries.get(path)
        if entry is None or promise_in(entry) == checksum(promise_of(Described.of(loaded))):
            continue
        told = known[name].described(path)
        if told is not None:
            yield loaded, told
