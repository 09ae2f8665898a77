"""What a crash left behind, put right before the next attempt.

The pointer is the only commit, so storage is never in between: an attempt whose process died
either is in a publication, and the journal lacks only its record, or it is in none, and its
files are nobody's.
"""

from __future__ import annotations

from mesh_dagster.errors import CorruptState, JournalError, MeshError
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import (
    Attempt,
    AttemptState,
    Decision,
    Outcome,
    Publication,
    PublicationKind,
    Staged,
)
from mesh_dagster.ports import places, pointer
from mesh_dagster.products.auditing.clean import discard_staged
from mesh_dagster.products.auditing.gate import Decided, Gate
from mesh_dagster.products.deciding.rulings import carry_on
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.run_events import Events, Telling

LOOK_BACK = 100
"""Publications that are looked through for one without a record."""


_left: set[str] = set()
"""Attempts of this process that ended and could not be recorded; it lives on, so the journal
counts them among those at work."""


def leave(attempt: str) -> None:
    """Let the next `heal` of this process treat an attempt as that of one that died."""
    _left.add(attempt)


def heal(mesh: Mesh, loaded: LoadedProduct, journal: Journal) -> tuple[Attempt, ...]:
    """Make the journal agree with storage; returns the attempts whose process had died.

    What storage has published and the journal does not know is recorded; an attempt that died
    before it published is abandoned, and its files are deleted. Raises `CorruptState` where the
    journal knows of a newer publication than the pointer. What an owner decided, and a process
    died before it had carried out, is carried out first.
    """
    path = loaded.product.address.path
    if left := journal.reviews.interrupted(path):
        carry_on(mesh, loaded, journal, left)
    at_work = {attempt.id: attempt for attempt in journal.running(path)}
    ended = [attempt for attempt in at_work.values() if attempt.id in _left]
    dead = {attempt.id: attempt for attempt in (*journal.unfinished(path), *ended)}
    running = at_work.keys() - dead.keys()
    for publication in _unrecorded(mesh, loaded, journal):
        if publication.attempt not in running:
            attempt = dead.get(publication.attempt)
            decisions, sealed = _decisions(mesh, loaded, attempt, publication)
            told = _told(mesh, loaded, journal, publication, decisions)
            if sealed:  # first: nothing waits in quarantine that could not be let go
                journal.staged(publication.attempt, sealed)
            journal.record_publication(path, publication, decisions, told)
    for attempt in dead.values():
        if publication_of(mesh, loaded, attempt.id, attempt.base) is None:
            telling = Telling(mesh, loaded)
            run = telling.run_again(journal, attempt)
            journal.abandon(attempt.id, telling.gone(run, attempt.reads))
            discard_staged(mesh, loaded, attempt.id)
    return tuple(dead.values())


def _told(
    mesh: Mesh,
    loaded: LoadedProduct,
    journal: Journal,
    publication: Publication,
    decisions: tuple[Decision, ...] | None,
) -> Events:
    """What its process would have told of a publication, as far as it is known."""
    telling = Telling(mesh, loaded, journal.columns(loaded.product.address.path, publication))
    if publication.kind is PublicationKind.ROLLBACK:
        return telling.rolled_back(publication)
    partitions = publication.partitions or (None,)
    outcome = Outcome.PUBLISHED
    concluded = decisions or [Decision(key, outcome, rows=0) for key in partitions]
    try:
        attempt = journal.attempt(publication.attempt)
    except JournalError:  # a journal that was lost
        attempt = Attempt(
            publication.attempt, loaded.product.address.path, publication.at, AttemptState.FINISHED
        )
    if publication.kind is not PublicationKind.MATERIALIZATION:
        return telling.released(attempt, concluded[0], attempt.staged, publication)
    run = telling.run_again(journal, attempt)
    return telling.finished(run, concluded, attempt.reads, attempt.staged, publication)


def publication_of(
    mesh: Mesh, loaded: LoadedProduct, attempt: str, base: int | None
) -> Publication | None:
    """The publication of an attempt that began after publication `base`, if there is one."""
    later = pointer.since(mesh.storage, loaded.product.address, base)
    found = [each for each in later if each.attempt == attempt]
    return found[-1] if found else None


def _unrecorded(mesh: Mesh, loaded: LoadedProduct, journal: Journal) -> list[Publication]:
    """The publications that the journal lacks: newer ones, and those it was overtaken by.

    Of two attempts that publish at once, the first may die before its record and the second not.
    """
    known = [each.number for each in journal.publications(loaded.product.address.path, LOOK_BACK)]
    current = pointer.current(mesh.storage, loaded.product.address)
    if max(known, default=0) > (current.number if current else 0):
        raise _backwards(mesh, loaded, max(known), current)
    if current is None:
        return []
    missing = set(range(min(known, default=1), current.number + 1)) - set(known)
    if not missing:
        return []
    later = pointer.since(mesh.storage, loaded.product.address, min(missing) - 1)
    return [each for each in later if each.number in missing]


def _backwards(
    mesh: Mesh, loaded: LoadedProduct, known: int, current: Publication | None
) -> CorruptState:
    product = loaded.product.address
    key = places.pointer(product)
    now = f"names publication {current.number}" if current else "is gone"
    return CorruptState(
        f"the pointer of {product} went backwards: {key} {now}, and the journal knows of "
        f"publication {known}",
        where=mesh.storage.uri(key),
        fix=f"copy the document of publication {known}, {known:012}-*.json in `publications/`, "
        "over it; where all of the storage was restored, restore the journal of the same time",
    )


def _decisions(
    mesh: Mesh, loaded: LoadedProduct, attempt: Attempt | None, found: Publication
) -> tuple[tuple[Decision, ...] | None, list[Staged]]:
    """What the attempt would have recorded, with its manifests; None leaves it to the journal to
    conclude."""
    if attempt is None or not attempt.staged:
        return None, []
    staged = {each.port or "": each for each in attempt.staged}
    partitions: tuple[str | None, ...] = attempt.partitions or (None,)
    gate = Gate(mesh, loaded, attempt.id, attempt.base, partitions, staged)
    try:
        results = gate.audit(found)
    except MeshError:
        return None, []
    passed = gate.passed(results)
    outcomes = dict.fromkeys(partitions, Outcome.QUARANTINED)
    outcomes.update(dict.fromkeys(passed, Outcome.SUPERSEDED))
    changed = (None,) if found.partitions is None else found.partitions
    outcomes.update(dict.fromkeys(changed, Outcome.PUBLISHED))
    decided = Decided(results, outcomes, found)
    return gate.decisions(decided), gate.sealed(decided)
