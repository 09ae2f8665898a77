"""Carrying out what an owner decides: recorded first, done then, and never half.

A decision is in the journal before anything follows from it, so that of two people one wins and
the other is told who did, and so that what a killed process had begun is brought to its end by
whoever comes next: the next run of the product, the next decision on it, or the sensor of its
domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from logging import getLogger

from mesh_dagster import clock
from mesh_dagster.errors import JournalError, MeshError, StorageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.review import (
    Action,
    Identity,
    Review,
    ReviewKind,
    Rule,
    Ruling,
    RulingState,
)
from mesh_dagster.model.snapshot import Decision, Outcome, Publication
from mesh_dagster.ports import pointer
from mesh_dagster.products.describe import announce
from mesh_dagster.products.heal import heal
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.published import refuse_broken
from mesh_dagster.products.reaudit import Quarantined, audit_again, waiting_in
from mesh_dagster.products.release import delete_discarded, release
from mesh_dagster.products.reviewing import reviews_in
from mesh_dagster.products.run_events import Events, Telling
from mesh_dagster.products.waivers import waivers_of
from mesh_dagster.reviews.identity import of_system, owner_among
from mesh_dagster.reviews.misfits import refuse_misfit

_PUBLISHING = (Action.REAUDIT, Action.RELEASE, Action.WAIVE)


def decide(
    mesh: Mesh,
    loaded: LoadedProduct,
    review: Review,
    action: Action,
    identities: Sequence[Identity],
    *,
    why: str,
    until: datetime | None = None,
    rules: Sequence[str] = (),
) -> Ruling:
    """Decide on something that waits, as one of its owners; the decision with what came of it.

    `review` is what was looked at: where it has changed since, or somebody else was first, a
    `JournalError` says so. `rules` narrows a waiver to some of those that do not hold. Raises
    `UsageError` for who is no owner of the product, and for a decision that does not fit; what
    carrying it out raises leaves everything as it was.
    """
    by = owner_among(loaded, identities)
    refuse_misfit(review, action, why, until=until, rules=rules, now=clock.now())
    if review.kind is ReviewKind.QUARANTINE and action in _PUBLISHING:
        refuse_broken(mesh, loaded)
    with mesh.journal(loaded.product.address.domain) as journal:
        heal(mesh, loaded, journal)
        chosen = _chosen(review, action, rules)
        ruling = _ruling(review, action, by, why, until=until, rules=chosen)
        journal.reviews.put(ruling)
        if ruling.state is RulingState.BEGUN:
            decision = _carry_out(mesh, loaded, journal, ruling)
            ruling = replace(
                ruling,
                state=RulingState.DONE,
                outcome=decision.outcome,
                publication=decision.publication,
            )
    if ruling.outcome is not None:
        announce(mesh, loaded)
    return ruling


def audit_quarantined(mesh: Mesh, loaded: LoadedProduct) -> tuple[Decision, ...]:
    """Audit all that waits of a product again, with the contract as it is now.

    What passes is published from the same files; what a newer attempt has published meanwhile
    is closed as superseded; the rest goes on waiting, with its new results on the record. It is
    the gate that decides here, so nobody has to own the product; what an owner decides on at this
    moment is left to him. Raises `DescriptorError` for a contract that breaks what its major has
    promised.
    """
    refuse_broken(mesh, loaded)
    decisions = []
    with mesh.journal(loaded.product.address.domain) as journal:
        heal(mesh, loaded, journal)
        found = reviews_in(journal, loaded.product.address.path)
        for review in (each for each in found if each.kind is ReviewKind.QUARANTINE):
            ruling = _ruling(review, Action.REAUDIT, of_system(), "asked for a new audit")
            try:
                journal.reviews.put(ruling)
            except JournalError as error:
                getLogger("mesh_dagster").warning("%s", error)
                continue
            decisions.append(_carry_out(mesh, loaded, journal, ruling))
    if decisions:
        announce(mesh, loaded)
    return tuple(decisions)


def carry_on(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, left: Iterable[Ruling]
) -> tuple[Ruling, ...]:
    """Bring decisions to their end whose process died; those that this call took over.

    One that cannot be carried out is told in the log, and what it was about waits again.
    """
    done = []
    for ruling in left:
        if not journal.reviews.take_over(ruling.id):
            continue
        try:
            _carry_out(mesh, loaded, journal, ruling)
        except MeshError as error:
            getLogger("mesh_dagster").warning("%s was not carried out: %s", ruling.review, error)
        done.append(ruling)
    return tuple(done)


def _ruling(
    review: Review,
    action: Action,
    by: Identity,
    why: str,
    *,
    until: datetime | None = None,
    rules: tuple[Rule, ...] = (),
) -> Ruling:
    lasting = review.kind is ReviewKind.QUARANTINE and action is not Action.ACKNOWLEDGE
    return Ruling(
        id=clock.new_id(),
        review=review.id,
        product=review.product,
        action=action,
        by=by,
        why=why.strip(),
        at=clock.now(),
        until=until,
        covers=review.covers,
        rules=rules,
        revision=review.revision,
        state=RulingState.BEGUN if lasting else RulingState.DONE,
    )


def _chosen(review: Review, action: Action, rules: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that a decision is about: of a waiver those that block, of others all."""
    if action is not Action.WAIVE:
        return review.rules
    if rules:
        return tuple(each for each in review.rules if each[1] in rules)
    blocking = [(each.port or "", each.rule) for each in review.results if each.blocks]
    return tuple(dict.fromkeys(blocking)) or review.rules


def _carry_out(mesh: Mesh, loaded: LoadedProduct, journal: Journal, ruling: Ruling) -> Decision:
    waiting = _waiting(journal, loaded, ruling)
    if waiting is None:
        attempt, partition = ruling.covers[0]
        return journal.decide(attempt, partition, Outcome.SUPERSEDED, ruling=ruling.id)
    try:
        return _done(mesh, loaded, journal, ruling, waiting)
    except BaseException as error:
        # What storage has published is no failure, whatever the record of it ran into.
        with suppress(MeshError):
            if not _is_published(mesh, loaded, waiting):
                journal.reviews.fail(ruling.id, f"{type(error).__name__}: {error}")
        raise


def _done(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, ruling: Ruling, waiting: Quarantined
) -> Decision:
    decision, publication = waiting.decision, None
    match ruling.action:
        case Action.RELEASE:
            decision, publication = release(mesh, loaded, waiting, ruling)
        case Action.DISCARD:
            decision = replace(decision, outcome=Outcome.DISCARDED)
        case Action.REAUDIT | Action.WAIVE:
            waivers = waivers_of(journal, loaded)
            decision, publication = audit_again(mesh, loaded, waiting, waivers)
    told: Events = ()
    if publication is not None:
        telling = Telling(mesh, loaded)
        told = telling.released(waiting.attempt, decision, waiting.staged, publication)
    recorded = _record(journal, ruling, waiting, (decision, publication), told)
    if recorded.outcome is Outcome.DISCARDED:
        with suppress(StorageError):  # the next clean-up gets the rest
            delete_discarded(mesh, loaded, waiting)
    return recorded


def _record(
    journal: Journal,
    ruling: Ruling,
    waiting: Quarantined,
    decided: tuple[Decision, Publication | None],
    told: Events,
) -> Decision:
    decision, publication = decided
    return journal.decide(
        waiting.attempt.id,
        decision.partition,
        decision.outcome,
        publication=publication,
        results=decision.results,
        by=ruling.by.name,
        why=ruling.why,
        ruling=ruling.id,
        lineage=told,
    )


def _waiting(journal: Journal, loaded: LoadedProduct, ruling: Ruling) -> Quarantined | None:
    for each in waiting_in(journal, loaded):
        if (each.attempt.id, each.decision.partition) in ruling.covers:
            return each
    return None


def _is_published(mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined) -> bool:
    key = waiting.decision.partition
    later = pointer.since(mesh.storage, loaded.product.address, waiting.attempt.base)
    return any(
        each.attempt == waiting.attempt.id and (each.partitions is None or key in each.partitions)
        for each in later
    )
