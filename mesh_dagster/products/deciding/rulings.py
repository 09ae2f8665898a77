"""Carrying out what an owner has decided: done once, and never half.

A decision is in the journal before anything follows from it. What a process had begun that was
killed, or that storage or the journal gave no answer, is brought to its end by whoever comes next:
the next run of the product, the next decision on it, or the sensor of its domain.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from logging import getLogger

from mesh_dagster.errors import MeshError, StorageError
from mesh_dagster.journal import Journal, Quarantined
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.review import Action, Ruling
from mesh_dagster.model.snapshot import Decision, Outcome, Publication
from mesh_dagster.ports import pointer
from mesh_dagster.products.auditing.waivers import waivers_of
from mesh_dagster.products.deciding.reaudit import audit_again, sealed_anew
from mesh_dagster.products.deciding.release import delete_discarded, release
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.run_events import Events, Telling


def carry_out(mesh: Mesh, loaded: LoadedProduct, journal: Journal, ruling: Ruling) -> Decision:
    """Do what was decided on a quarantined partition, and record what became of it.

    Whatever this raises is recorded as well: then what it was about waits again. Where storage or
    the journal does not tell how far it came, it is left to whoever comes next.
    """
    try:
        found = journal.quarantined(loaded.product.address.path)
        waiting = next((each for each in found if each.audited in ruling.covers), None)
        if waiting is not None:
            return _done(mesh, loaded, journal, ruling, waiting)
        attempt, partition = ruling.covers[0]
        return journal.decide(attempt, partition, Outcome.SUPERSEDED, ruling=ruling.id)
    except BaseException as error:
        if not _failed(mesh, loaded, journal, ruling, error):
            journal.reviews.leave(ruling.id)
        raise


def _failed(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, ruling: Ruling, error: BaseException
) -> bool:
    """Record that a decision failed; whether that is so, and is on the record.

    What storage has published is no failure, whatever the record of it ran into.
    """
    with suppress(MeshError):
        attempt, partition = ruling.covers[0]
        base = journal.attempt(attempt).base
        if not _is_published(mesh, loaded, attempt, partition, base):
            journal.reviews.fail(ruling.id, f"{type(error).__name__}: {error}")
            return True
    return False


def carry_on(mesh: Mesh, loaded: LoadedProduct, journal: Journal, left: Iterable[Ruling]) -> None:
    """Bring decisions to their end whose process died, unless somebody else is at it.

    One that cannot be carried out is told in the log, and what it was about waits again.
    """
    for ruling in left:
        if not journal.reviews.take_over(ruling.id):
            continue
        try:
            carry_out(mesh, loaded, journal, ruling)
        except MeshError as error:
            getLogger("mesh_dagster").warning("%s was not carried out: %s", ruling.review, error)


def _done(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, ruling: Ruling, waiting: Quarantined
) -> Decision:
    if ruling.action in (Action.REAUDIT, Action.WAIVE):
        waiting = sealed_anew(mesh, loaded, waiting)
    decision, publication = _became(mesh, loaded, journal, ruling, waiting)
    told: Events = ()
    if publication is not None:
        telling = Telling(mesh, loaded, journal.columns(loaded.product.address.path, publication))
        told = telling.released(waiting.attempt, decision, waiting.staged, publication)
    recorded = journal.decide(
        waiting.attempt.id,
        decision.partition,
        decision.outcome,
        publication=publication,
        results=decision.results,
        sealed=waiting.staged,
        by=ruling.by.name,
        why=ruling.why,
        ruling=ruling.id,
        lineage=told,
    )
    if recorded.outcome is Outcome.DISCARDED:
        with suppress(StorageError):  # the next clean-up gets the rest
            delete_discarded(mesh, loaded, waiting)
    return recorded


def _became(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, ruling: Ruling, waiting: Quarantined
) -> tuple[Decision, Publication | None]:
    match ruling.action:
        case Action.RELEASE:
            return release(mesh, loaded, waiting, ruling)
        case Action.REAUDIT | Action.WAIVE:
            return audit_again(mesh, loaded, waiting, waivers_of(journal, loaded))
        case Action.DISCARD:
            return replace(waiting.decision, outcome=Outcome.DISCARDED), None
        case Action.ACKNOWLEDGE | Action.GRANT | Action.REFUSE:
            return waiting.decision, None


def _is_published(
    mesh: Mesh, loaded: LoadedProduct, attempt: str, partition: str | None, base: int | None
) -> bool:
    later = pointer.since(mesh.storage, loaded.product.address, base)
    return any(
        each.attempt == attempt and (each.partitions is None or partition in each.partitions)
        for each in later
    )
