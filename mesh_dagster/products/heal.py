"""What a crash left behind, put right before the next attempt.

The pointer is the only commit, so storage is never in between: an attempt whose process died
either is in a publication, and the journal lacks only its record, or it is in none, and its
files are nobody's.
"""

from __future__ import annotations

from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Attempt, Outcome, Publication
from mesh_dagster.ports import pointer
from mesh_dagster.products.clean import discard_staged
from mesh_dagster.products.gate import Gate, Partition
from mesh_dagster.products.mesh import Mesh


def heal(mesh: Mesh, loaded: LoadedProduct, journal: Journal) -> tuple[Attempt, ...]:
    """Record or abandon the attempts whose process died; returns those it found."""
    unfinished = tuple(journal.unfinished(loaded.product.address.path))
    for attempt in unfinished:
        found = _publication_of(mesh, loaded, attempt)
        if found is None:
            journal.abandon(attempt.id)
            discard_staged(mesh, loaded, attempt.id)
        else:
            _record(mesh, loaded, journal, attempt, found)
    return unfinished


def _publication_of(mesh: Mesh, loaded: LoadedProduct, attempt: Attempt) -> Publication | None:
    later = pointer.since(mesh.storage, loaded.product.address, attempt.base)
    found = [each for each in later if each.attempt == attempt.id]
    return found[-1] if found else None


def _record(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, attempt: Attempt, found: Publication
) -> None:
    staged = {each.port or "": each for each in attempt.staged}
    gate = Gate(mesh, loaded, attempt.id, attempt.base, attempt.partitions or (None,), staged)
    published: tuple[Partition, ...] = found.partitions or (None,)
    outcomes = {
        key: Outcome.PUBLISHED if key in published else Outcome.QUARANTINED
        for key in gate.partitions
    }
    decisions = gate.decisions(gate.audit(), outcomes, found.number)
    journal.finish(attempt.id, decisions, publication=found)
