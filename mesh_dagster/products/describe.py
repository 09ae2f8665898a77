"""Telling the mesh about a product: its discovery document, written by its own domain."""

from __future__ import annotations

from contextlib import suppress

from mesh_dagster.errors import StorageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.published import breaks_published
from mesh_dagster.registry.documents import Described, write_document


def announce(mesh: Mesh, loaded: LoadedProduct) -> None:
    """Put the product's document in the registry, if it says anything new.

    A contract that breaks what is published stays out of it. A registry that refuses does not
    undo a publication: the next load or run tries again.
    """
    with suppress(StorageError):
        if not breaks_published(mesh, loaded):
            write_document(mesh.documents, Described.of(loaded))
