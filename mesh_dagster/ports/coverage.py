"""Which partitions of a product are published."""

from __future__ import annotations

from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import places, table
from mesh_dagster.ports.storage import Storage


def partitions(storage: Storage, product: Address, publication: Publication) -> frozenset[str]:
    """The keys of all partitions that a publication holds, those without rows included."""
    held = set(publication.empty)
    for port, state in publication.ports.items():
        found = table.load(storage, places.port(product, port or None), state.metadata)
        for manifest in found.manifests():
            keys = (table.partition_of(entry) for entry in found.entries(manifest))
            held.update(key for key in keys if key is not None)
    return frozenset(held)
