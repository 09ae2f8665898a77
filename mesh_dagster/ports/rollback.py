"""Rollback: an earlier state of all ports, published again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mesh_dagster import clock
from mesh_dagster.errors import StorageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication, PublicationKind
from mesh_dagster.ports import places, pointer, table
from mesh_dagster.ports.masks import masks_in
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.swap import MOST_TRIES, after, swap


def rollback(
    storage: Storage,
    product: Address,
    to: Publication,
    *,
    attempt: str,
    at: datetime | None = None,
) -> Publication:
    """Publish an earlier state of all ports again, as a new publication.

    A port that was masked otherwise then is left out: it is there again with the next run.
    Raises `CorruptState` when that state's metadata is gone.
    """
    for name, state in to.ports.items():
        table.load(storage, places.port(product, name), state.metadata)
    for _ in range(MOST_TRIES):
        newest, version = pointer.versioned(storage, product)
        assert newest is not None  # noqa: S101
        ports = {
            name: state
            for name, state in to.ports.items()
            if masks_in(to, name) == masks_in(newest, name)
        }
        left = {name: each for name, each in newest.contracts.items() if name not in ports}
        undone = pointer.since(storage, product, to.number)
        found = Publication(
            number=newest.number + 1,
            id=clock.new_id(),
            previous=newest.id,
            at=after(newest, at or clock.now()),
            attempt=attempt,
            kind=PublicationKind.ROLLBACK,
            ports=ports,
            partitions=_changed([each.partitions for each in undone]),
            contracts={**to.contracts, **left},
            empty=to.empty,
        )
        if swap(storage, product, found, version):
            return found
    raise StorageError(f"{product} could not be rolled back: others published meanwhile")


def _changed(partitions: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    if any(keys is None for keys in partitions):
        return None
    return tuple(sorted({key for keys in partitions for key in keys or ()}))
