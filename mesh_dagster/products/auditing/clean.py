"""Deleting files that nobody can read any more."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.errors import MeshError, StorageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.ports import pointer
from mesh_dagster.ports.stage import discard
from mesh_dagster.products.auditing.layout import KEEP_PUBLICATIONS, days_kept
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.ports import retention

CLEAN_EVERY = 25
"""Publications from one clean-up to the next."""


def clean(mesh: Mesh, loaded: LoadedProduct, journal: Journal) -> retention.Cleaned:
    """Delete what retention lets go and what died attempts left.

    Files of attempts that run or wait in quarantine stay.
    """
    from mesh_dagster.ports import retention

    path = loaded.product.address.path

    def protected() -> set[str]:
        waiting = {attempt.id for attempt, _, _ in journal.quarantined(path)}
        return waiting | {attempt.id for attempt in journal.running(path)}

    return retention.clean(
        mesh.storage,
        loaded.product.address,
        keep_days=max(days_kept(each) for each in loaded.contracts.values()),
        keep_count=KEEP_PUBLICATIONS,
        now=clock.now(),
        protected_attempts=protected,
    )


def clean_after(mesh: Mesh, loaded: LoadedProduct, journal: Journal) -> None:
    """Clean up on a cadence. A failure is left for the next time: the data is published."""
    with suppress(MeshError):
        current = pointer.current(mesh.storage, loaded.product.address)
        if current is not None and current.number % CLEAN_EVERY == 0:
            clean(mesh, loaded, journal)


def discard_staged(mesh: Mesh, loaded: LoadedProduct, attempt: str) -> None:
    """Delete what an attempt staged, where storage lets us; the next clean-up gets the rest."""
    with suppress(StorageError):
        for port in loaded.contracts:
            discard(mesh.storage, loaded.product.address, port or None, attempt)
