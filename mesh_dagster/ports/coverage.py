"""Which partitions of a product are published."""

from __future__ import annotations

from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import places
from mesh_dagster.ports.state import read_state
from mesh_dagster.ports.storage import Storage


def partitions(storage: Storage, product: Address, publication: Publication) -> frozenset[str]:
    """The keys of all partitions that a publication holds, those without rows included."""
    held = set(publication.empty)
    for port, state in publication.ports.items():
        found = read_state(storage, places.port(product, port or None), state.metadata)
        held.update(file.partition for file in found.files if file.partition is not None)
    return frozenset(held)
