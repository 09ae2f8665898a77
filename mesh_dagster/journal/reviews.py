"""The decisions of owners in the ledger: made once, carried out, never lost.

A decision is recorded before anything is done about it, in the transaction that finds that nobody
else was first; so of two people one wins, and what a dead process has begun is known. What the
decision does to a quarantined partition is recorded together with its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.errors import JournalError
from mesh_dagster.journal.alert_tables import events, incidents
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.failure import contradiction
from mesh_dagster.journal.happenings import last_opening
from mesh_dagster.journal.owner import Owner
from mesh_dagster.journal.review_tables import rulings
from mesh_dagster.journal.rows import result_from_row
from mesh_dagster.journal.tables import UNSETTLED, WHOLE, decisions, results
from mesh_dagster.journal.waiting import Seen, keep, known, outdated
from mesh_dagster.model.event import EventKind
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Action, Breach, Ruling, RulingState, Standing
from mesh_dagster.model.snapshot import Outcome

DECIDED = "MESH-M045"
_left: set[str] = set()
"""Decisions that this process could not carry out, and could not hand back either."""
_taking = Lock()
_SOUND = (Verdict.PASSED.value, Verdict.UNVERIFIED.value)


class Reviews:
    """The decisions in a domain's journal, and what they are about. Each call is one
    transaction, and raises `JournalError` when the database refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rulings(self, product: str | None = None) -> list[Ruling]:
        """All decisions of owners, oldest first."""
        with self._database.reading() as connection:
            return _made(connection, product)

    def seen(self, product: str | None = None) -> tuple[list[Standing], list[Ruling], list[Breach]]:
        """What stands, what was decided and what is breached, as of one moment."""
        with self._database.reading() as connection:
            return (
                _standing(connection, product),
                _made(connection, product),
                _breaches(connection, product),
            )

    def waiting(self, seen: Seen) -> dict[str, datetime]:
        """Since when what is open in the inbox now waits for its owner.

        What is given of each is kept until it is open no more, whatever is given later.
        """
        with self._database.reading() as connection:
            before = known(connection)
        if not outdated(before, seen):
            return before
        with self._database.writing() as connection:
            return keep(connection, seen)

    def interrupted(self, product: str | None = None) -> list[Ruling]:
        """Decisions that were begun by a process that is gone or left them, oldest first."""
        with self._database.reading() as connection:
            return _interrupted(connection, product)

    def put(self, ruling: Ruling) -> None:
        """Record a decision, if it is the first on what was decided on.

        Raises `JournalError` naming who was first, or what has changed meanwhile.
        """
        with self._database.writing() as connection:
            _put(connection, ruling)

    def fail(self, id: str, error: str) -> None:
        """End a decision that could not be carried out: what it was about waits again."""
        with self._database.writing() as connection:
            end(connection, id, RulingState.FAILED, error=error)

    def leave(self, id: str) -> None:
        """Hand a decision that this process has begun to whoever comes next.

        Where the journal refuses, to who comes next in this process.
        """
        try:
            with self._database.writing() as connection:
                connection.execute(sa.update(rulings).where(_begun(id)).values(host=None))
        except JournalError:
            _left.add(id)

    def take_over(self, id: str) -> bool:
        """Make a decision that nobody is at this process's to carry out; whether it was there."""
        with _taking:
            with self._database.writing() as connection:
                taken = _take_over(connection, id)
            if taken:
                _left.discard(id)
            return taken


def _standing(connection: sa.Connection, product: str | None) -> list[Standing]:
    quarantined = decisions.c.outcome == Outcome.QUARANTINED.value
    unsound = results.c.verdict.not_in(_SOUND)
    same = sa.and_(
        results.c.attempt == decisions.c.attempt,
        results.c.partition == decisions.c.partition,
        results.c.revision == decisions.c.revision,
        unsound,
    )
    wanted = sa.and_(
        UNSETTLED,
        decisions.c.current,
        sa.or_(quarantined, decisions.c.latest & results.c.rule.is_not(None)),
    )
    if product is not None:
        wanted &= decisions.c.product == product
    key = (decisions.c.product, decisions.c.partition, decisions.c.attempt)
    told = [each for each in results.c if each.name not in decisions.c]
    found = (
        sa.select(
            *key,
            decisions.c.revision,
            decisions.c.outcome,
            decisions.c.rows,
            decisions.c.decided_at,
            # Both tables count what failed; here it is the rule's own.
            results.c.failed,
            *told,
        )
        .join_from(decisions, results, same, isouter=True)
        .where(wanted)
        .order_by(*key, results.c.position)
    )
    groups = defaultdict[tuple[Any, ...], list[Any]](list)
    for row in connection.execute(found):
        groups[row.product, row.partition, row.attempt].append(row)
    return [_stands(rows) for rows in groups.values()]


def _breaches(connection: sa.Connection, product: str | None) -> list[Breach]:
    """The incidents of service levels that are not over."""
    found = (
        sa.select(incidents.c.id, incidents.c.product, incidents.c.began, events.c.summary)
        .join_from(incidents, events, events.c.number == last_opening())
        .where(incidents.c.closed.is_(None), incidents.c.kind == EventKind.BREACHED.value)
        .order_by(incidents.c.product, incidents.c.id)
    )
    if product is not None:
        found = found.where(incidents.c.product == product)
    return [
        Breach(row.id, row.product, row.began, row.summary) for row in connection.execute(found)
    ]


def _made(connection: sa.Connection, product: str | None) -> list[Ruling]:
    found = sa.select(rulings)
    if product is not None:
        found = found.where(rulings.c.product == product)
    return [_ruling(row) for row in connection.execute(found.order_by(rulings.c.id))]


def _interrupted(connection: sa.Connection, product: str | None) -> list[Ruling]:
    begun = sa.select(rulings).where(rulings.c.state == RulingState.BEGUN.value)
    if product is not None:
        begun = begun.where(rulings.c.product == product)
    rows = connection.execute(begun.order_by(rulings.c.id)).all()
    return [_ruling(row) for row in rows if _is_gone(row)]


def _put(connection: sa.Connection, ruling: Ruling) -> None:
    same = (
        sa.select(rulings).where(rulings.c.subject == ruling.subject).order_by(rulings.c.id.desc())
    )
    for row in connection.execute(same):
        if row.review == ruling.review and row.state != RulingState.FAILED.value:
            raise decided(_ruling(row))
        if row.state == RulingState.BEGUN.value:
            raise decided(_ruling(row))
    if ruling.revision is not None:
        _require_quarantined(connection, ruling)
    connection.execute(sa.insert(rulings), [_row(ruling)])


def end(connection: sa.Connection, id: str, state: RulingState, **values: Any) -> None:
    """Record how a decision ended, in the transaction of what it did."""
    statement = sa.update(rulings).where(rulings.c.id == id)
    connection.execute(statement.values(state=state.value, **values))


def _take_over(connection: sa.Connection, id: str) -> bool:
    row = connection.execute(sa.select(rulings).where(rulings.c.id == id)).one()
    if row.state != RulingState.BEGUN.value or not _is_gone(row):
        return False
    connection.execute(sa.update(rulings).where(rulings.c.id == id).values(**_owner()))
    return True


def decided(ruling: Ruling) -> JournalError:
    """Somebody else was first."""
    going = "is carrying it out now" if ruling.state is RulingState.BEGUN else "has decided"
    return JournalError(
        f"{ruling.by} was first and {going}: {ruling.action} at {ruling.at:%Y-%m-%d %H:%M:%S} UTC, "
        f"because: {ruling.why}",
        code=DECIDED,
        fix=f"mesh review show {ruling.subject}",
    )


def _require_quarantined(connection: sa.Connection, ruling: Ruling) -> None:
    (attempt, partition), *_ = ruling.covers
    of_partition = (decisions.c.attempt == attempt) & (
        decisions.c.partition == (partition or WHOLE)
    )
    row = connection.execute(sa.select(decisions).where(of_partition, decisions.c.current)).first()
    shown = f"{ruling.product} {partition or '(the whole)'} of attempt {attempt}"
    if row is None:
        raise contradiction(f"{shown} is not in quarantine: nothing was decided")
    if row.outcome != Outcome.QUARANTINED.value or row.revision != ruling.revision:
        whose = f" by {row.decided_by}" if row.decided_by else ""
        what = "was audited again" if row.outcome == Outcome.QUARANTINED.value else row.outcome
        raise JournalError(
            f"{shown} is not as it was when you looked: it is {what}{whose} since",
            code=DECIDED,
            fix=f"mesh review show {ruling.subject}",
        )


def _stands(rows: Sequence[sa.Row[Any]]) -> Standing:
    first = rows[0]
    return Standing(
        product=first.product,
        attempt=first.attempt,
        partition=first.partition or None,
        revision=first.revision,
        outcome=Outcome(first.outcome),
        rows=first.rows,
        at=first.decided_at,
        results=tuple(result_from_row(row) for row in rows if row.rule is not None),
    )


def _begun(id: str) -> sa.ColumnElement[bool]:
    return (rulings.c.id == id) & (rulings.c.state == RulingState.BEGUN.value)


def _is_gone(row: sa.Row[Any]) -> bool:
    if row.host is None:
        return True
    owner = Owner(row.host, row.pid, row.process)
    if row.id in _left and owner == Owner.this():
        return True
    return owner.is_gone(begun=row.begun, now=clock.wall())


def _owner() -> dict[str, Any]:
    owner = Owner.this()
    return {
        "host": owner.host,
        "pid": owner.pid,
        "process": owner.process,
        "begun": clock.wall(),
    }


def _row(ruling: Ruling) -> dict[str, Any]:
    return {
        "id": ruling.id,
        "review": ruling.review,
        "subject": ruling.subject,
        "product": ruling.product,
        "action": ruling.action.value,
        "by": ruling.by.name,
        "proof": ruling.by.proof,
        "verified": ruling.by.verified,
        "detail": ruling.by.detail,
        "why": ruling.why,
        "at": ruling.at,
        "until": ruling.until,
        "covers": [list(each) for each in ruling.covers],
        "rules": [list(each) for each in ruling.rules],
        "revision": ruling.revision,
        "state": ruling.state.value,
        **_owner(),
    }


def _ruling(row: sa.Row[Any]) -> Ruling:
    return Ruling(
        id=row.id,
        review=row.review,
        product=row.product,
        action=Action(row.action),
        by=Identity(row.by, row.proof, row.verified, row.detail),
        why=row.why,
        at=row.at,
        until=row.until,
        covers=tuple((attempt, partition) for attempt, partition in row.covers),
        rules=tuple((port, rule) for port, rule in row.rules),
        revision=row.revision,
        state=RulingState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        publication=row.publication,
        error=row.error,
    )
