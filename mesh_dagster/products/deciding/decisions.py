"""What an owner decides, and the gate in his place: recorded first, carried out then.

A decision is in the journal before anything follows from it, so that of two people one wins and
the other is told who did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from logging import getLogger

from mesh_dagster import clock
from mesh_dagster.errors import JournalError, MeshError
from mesh_dagster.model.access import AccessRequest
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import (
    Action,
    Review,
    ReviewKind,
    Rule,
    Ruling,
    RulingState,
)
from mesh_dagster.model.snapshot import Decision
from mesh_dagster.products.deciding.heal import heal
from mesh_dagster.products.deciding.reviewing import reviews_in
from mesh_dagster.products.deciding.rulings import carry_out
from mesh_dagster.products.granting.rights import grant, refuse
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.retired import refuse_making
from mesh_dagster.products.telling.describe import announce
from mesh_dagster.products.telling.published import refuse_broken
from mesh_dagster.reviews.identity import of_system, owner_among
from mesh_dagster.reviews.misfits import refuse_misfit

_PUBLISHING = (Action.REAUDIT, Action.RELEASE, Action.WAIVE)


@dataclass(frozen=True, slots=True)
class SecondAudit:
    """What became of partitions that waited; of others (None: the whole) why nobody can tell."""

    decisions: tuple[Decision, ...]
    failed: tuple[tuple[str | None, MeshError], ...] = ()


def decide(
    mesh: Mesh,
    loaded: LoadedProduct,
    review: Review,
    action: Action,
    identities: Iterable[Identity],
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
        refuse_making(loaded.product)
        refuse_broken(mesh, loaded)
    if review.request is not None:
        return _answer(mesh, review.request, _ruling(review, action, by, why, until=until))
    with mesh.journal(loaded.product.address.domain) as journal:
        heal(mesh, loaded, journal)
        chosen = _chosen(review, action, rules)
        ruling = _ruling(review, action, by, why, until=until, rules=chosen)
        journal.reviews.put(ruling)
        if ruling.state is RulingState.BEGUN:
            decision = carry_out(mesh, loaded, journal, ruling)
            ruling = replace(
                ruling,
                state=RulingState.DONE,
                outcome=decision.outcome,
                publication=decision.publication,
            )
    if ruling.outcome is not None:
        announce(mesh, loaded)
    return ruling


def _answer(mesh: Mesh, request: AccessRequest, ruling: Ruling) -> Ruling:
    """Grant or refuse what somebody asks to read.

    What becomes of it stands in the domain's document of grants. A decision that does not get
    there is recorded as failed, and the request goes on waiting.
    """
    with mesh.journal(request.port.domain) as journal:
        journal.reviews.put(ruling)
        try:
            if ruling.action is Action.GRANT:
                grant(mesh, request, str(ruling.by), ruling.why, ruling.until)
            else:
                refuse(mesh, request, str(ruling.by), ruling.why)
        except BaseException as error:
            journal.reviews.fail(ruling.id, f"{type(error).__name__}: {error}")
            raise
    return ruling


def audit_quarantined(mesh: Mesh, loaded: LoadedProduct) -> SecondAudit:
    """Audit all that waits of a product again, with the contract as it is now.

    What passes is published from the same files; what a newer attempt has published meanwhile
    is closed as superseded; the rest goes on waiting, with its new results on the record. It is
    the gate that decides here, so nobody has to own the product; what an owner decides on at this
    moment is left to him. A partition that cannot be audited keeps no other one waiting: it is in
    what is returned. Raises `DescriptorError` for a contract that breaks what its major has
    promised.
    """
    refuse_making(loaded.product)
    refuse_broken(mesh, loaded)
    decisions, failed = [], []
    with mesh.journal(loaded.product.address.domain) as journal:
        heal(mesh, loaded, journal)
        found = reviews_in(journal, loaded.product.address.path)
        for review in (each for each in found if each.kind is ReviewKind.QUARANTINE):
            ruling = _ruling(
                review,
                Action.REAUDIT,
                of_system(),
                "asked for a new audit",
                rules=review.rules,
            )
            try:
                journal.reviews.put(ruling)
            except JournalError as error:
                getLogger("mesh_dagster").warning("%s", error)
                continue
            try:
                decisions.append(carry_out(mesh, loaded, journal, ruling))
            except MeshError as error:
                failed.append((ruling.covers[0][1], error))
    if decisions:
        announce(mesh, loaded)
    return SecondAudit(tuple(decisions), tuple(failed))


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
