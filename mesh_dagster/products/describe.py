"""Telling the mesh about a product: its discovery document, written by its own domain."""

from __future__ import annotations

from contextlib import suppress

from mesh_dagster.errors import JournalError, StorageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.products.announcements import record_announcement
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.published import breaks_published
from mesh_dagster.registry.documents import Described, differs, write_document


def announce(mesh: Mesh, loaded: LoadedProduct) -> None:
    """Put the product's document in the registry, if it says anything new.

    A contract that breaks what is published stays out of it. What a new document announces is
    recorded first, for those who read the product. A registry or a journal that refuses does not
    undo a publication: the next load or run tries again.
    """
    with suppress(StorageError, JournalError):
        if not breaks_published(mesh, loaded):
            described = Described.of(loaded)
            if differs(mesh.documents, described):
                record_announcement(mesh, described)
                write_document(mesh.documents, described)
