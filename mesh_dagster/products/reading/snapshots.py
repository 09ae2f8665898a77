"""The publications of a product, as storage has them."""

from __future__ import annotations

from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import pointer
from mesh_dagster.products.mesh import Mesh


def snapshots(mesh: Mesh, address: Address) -> list[Publication]:
    """All publications of a product that are kept, the newest first."""
    return list(pointer.publications(mesh.storage, address.of_product))


def published_since(mesh: Mesh, address: Address, number: int | None = None) -> list[Publication]:
    """The publications newer than a number, oldest first; all that are kept for None.

    A consumer watches its upstreams with it: where nothing was published, one read of the
    pointer is all it costs.
    """
    return pointer.since(mesh.storage, address.of_product, number)


def published_partitions(mesh: Mesh, address: Address, publication: Publication) -> frozenset[str]:
    """The keys of all partitions that a publication holds, those it did not change included."""
    from mesh_dagster.ports.coverage import partitions

    return partitions(mesh.storage, address.of_product, publication)
