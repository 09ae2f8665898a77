"""What the ledger records, each function inside the transaction of its caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.errors import JournalError
from mesh_dagster.journal import happenings
from mesh_dagster.journal.failure import contradiction
from mesh_dagster.journal.rows import (
    row_from_decision,
    row_from_publication,
    row_from_read,
    row_from_staged,
    rows_from_results,
    staged_from_row,
)
from mesh_dagster.journal.tables import (
    UNSETTLED,
    WHOLE,
    attempts,
    decisions,
    publications,
    reads,
    results,
    staged,
)
from mesh_dagster.model.snapshot import (
    AttemptState,
    Decision,
    InputRead,
    Outcome,
    Publication,
    Staged,
)

AT_PORT = (Outcome.PUBLISHED.value, Outcome.RELEASED.value)
AUDITED = (*AT_PORT, Outcome.QUARANTINED.value)


def attempt_row(connection: sa.Connection, attempt: str) -> sa.Row[Any]:
    """The attempt's row; `JournalError` when it was never begun."""
    row = connection.execute(sa.select(attempts).where(attempts.c.id == attempt)).first()
    if row is None:
        raise contradiction(f"the journal knows no attempt {attempt}: it was never begun")
    return row


def set_state(
    connection: sa.Connection, row: sa.Row[Any], state: AttemptState, **values: Any
) -> None:
    statement = sa.update(attempts).where(attempts.c.id == row.id)
    connection.execute(statement.values(state=state.value, **values))


def require_open(row: sa.Row[Any], wanted: str) -> None:
    """An abandoned attempt whose process was alive after all may still end."""
    if row.state not in (AttemptState.RUNNING, AttemptState.ABANDONED) and not row.healed:
        raise contradiction(
            f"attempt {row.id} of {row.product} is {row.state} and cannot be {wanted}"
        )


def put_staged(connection: sa.Connection, attempt: str, values: Sequence[Staged]) -> None:
    """Record manifests; one of a port that has one replaces it."""
    rows = [row_from_staged(value) for value in values]
    for row in rows:
        if row["attempt"] != attempt:
            raise contradiction(f"files of attempt {row['attempt']} are not attempt {attempt}'s")
        of_port = (staged.c.attempt == attempt) & (staged.c.port == row["port"])
        connection.execute(sa.delete(staged).where(of_port))
    if rows:
        connection.execute(sa.insert(staged), rows)


def put_seals(connection: sa.Connection, values: Sequence[Staged]) -> None:
    """Record the checksums of files that had none; what else their manifests have stays."""
    for value in values:
        of_port = (staged.c.attempt == value.attempt) & (staged.c.port == (value.port or WHOLE))
        row = connection.execute(sa.select(staged).where(of_port)).first()
        if row is None:
            continue
        before = staged_from_row(row)
        new = {file.path: file for file in value.files}
        files = tuple(
            new.get(each.path, each) if not each.sha256 else each for each in before.files
        )
        if files != before.files:
            put_staged(connection, value.attempt, [replace(before, files=files)])


def put_reads(connection: sa.Connection, attempt: str, values: Sequence[InputRead]) -> None:
    """Record reads; one of a port and address that has one replaces it."""
    for value in values:
        same = (reads.c.port == value.port) & (reads.c.address == value.address)
        connection.execute(sa.delete(reads).where((reads.c.attempt == attempt) & same))
    last = sa.select(sa.func.coalesce(sa.func.max(reads.c.position), -1))
    after = connection.execute(last.where(reads.c.attempt == attempt)).scalar_one() + 1
    rows = [row_from_read(attempt, after + i, value) for i, value in enumerate(values)]
    if rows:
        connection.execute(sa.insert(reads), rows)


def put_decisions(connection: sa.Connection, row: sa.Row[Any], values: Sequence[Decision]) -> None:
    """Record an attempt's first decisions, and what follows for older attempts."""
    now = clock.now()
    rows = [
        row_from_decision(value, attempt=row.id, product=row.product, revision=0, decided_at=now)
        for value in values
    ]
    if rows:
        connection.execute(sa.insert(decisions), rows)
    _put_results(connection, row.id, ((value, 0) for value in values))
    at_port = [value.partition for value in values if value.outcome in AT_PORT]
    supersede_older(connection, row, at_port)
    flag(connection, row.product, [value.partition for value in values])
    event = happenings.quarantined(row, values)
    if event is not None:
        happenings.put_event(connection, event)


def forget_decisions(connection: sa.Connection, row: sa.Row[Any]) -> None:
    """Make way for the owner's own account of an attempt that was healed meanwhile."""
    connection.execute(sa.delete(results).where(results.c.attempt == row.id))
    connection.execute(sa.delete(decisions).where(decisions.c.attempt == row.id))


def revise(
    connection: sa.Connection,
    row: sa.Row[Any],
    decision: Decision,
    by: str | None = None,
    why: str | None = None,
) -> None:
    """Put a later decision above an open quarantine. Exactly one of several deciders gets here.

    Raises `JournalError` when the partition is not, or is no longer, in quarantine.
    """
    of_partition = (decisions.c.attempt == row.id) & (
        decisions.c.partition == (decision.partition or WHOLE)
    )
    newest = sa.select(decisions.c.revision, decisions.c.outcome, decisions.c.decided_by)
    found = connection.execute(newest.where(of_partition, decisions.c.current)).first()
    if found is None:
        raise never_decided(row, decision.partition)
    if found.outcome != Outcome.QUARANTINED:
        whose = f" by {found.decided_by}" if found.decided_by else ""
        raise contradiction(
            f"{_shown(row, decision.partition)} is not in quarantine any more: it is "
            f"{found.outcome}{whose}"
        )
    connection.execute(sa.update(decisions).where(of_partition).values(current=False, **_UNFLAGGED))
    revision = found.revision + 1
    added = row_from_decision(
        decision,
        attempt=row.id,
        product=row.product,
        revision=revision,
        decided_at=clock.now(),
    )
    connection.execute(sa.insert(decisions), [added | {"decided_by": by, "reason": why}])
    _put_results(connection, row.id, [(decision, revision)])
    if decision.outcome in AT_PORT:
        supersede_older(connection, row, [decision.partition])
    flag(connection, row.product, [decision.partition])
    if decision.outcome is not Outcome.QUARANTINED:
        happenings.settle(connection, row, decision, by, why)


def never_decided(row: sa.Row[Any], partition: str | None) -> JournalError:
    return contradiction(f"{_shown(row, partition)} is not in quarantine: nothing was decided")


def _shown(row: sa.Row[Any], partition: str | None) -> str:
    return f"{row.product} {partition or '(the whole)'} of attempt {row.id}"


_UNFLAGGED = {"shown": False, "latest": False, "standing": False}


def supersede_older(
    connection: sa.Connection, row: sa.Row[Any], partitions: Iterable[str | None]
) -> None:
    """Close the quarantines of older attempts whose partition this one has published."""
    keys = {partition or WHOLE for partition in partitions}
    older = sa.select(decisions).where(
        decisions.c.product == row.product,
        UNSETTLED,
        decisions.c.current,
        decisions.c.outcome == Outcome.QUARANTINED.value,
        decisions.c.attempt < row.id,
    )
    for found in connection.execute(older).all():
        if found.partition in keys:
            closed = Decision(
                partition=found.partition or None,
                outcome=Outcome.SUPERSEDED,
                rows=found.rows,
                event_min=found.event_min,
                event_max=found.event_max,
            )
            owner = attempt_row(connection, found.attempt)
            revise(connection, owner, closed, why=f"attempt {row.id} published it")


def flag(connection: sa.Connection, product: str, partitions: Iterable[str | None]) -> None:
    """Work out anew which decisions about these partitions stand (see `tables`)."""
    keys = [{"key": key} for key in sorted({partition or WHOLE for partition in partitions})]
    if not keys:
        return
    shown = _is_newest_of(AT_PORT, product, _by_publication)
    latest = _is_newest_of(AUDITED, product)
    quarantined = decisions.c.current & (decisions.c.outcome == Outcome.QUARANTINED.value)
    standing = sa.or_(shown, latest, quarantined)
    of_partition = sa.and_(
        decisions.c.product == product, decisions.c.partition == sa.bindparam("key")
    )
    # Only what stood or will stand is written: the history of a partition may be long.
    changed = sa.update(decisions).where(of_partition, sa.or_(decisions.c.standing, standing))
    connection.execute(changed.values(shown=shown, latest=latest, standing=standing), keys)


def _by_publication(candidate: sa.FromClause) -> sa.ColumnElement[int]:
    return sa.func.coalesce(candidate.c.publication, -1).desc()


def _is_newest_of(
    outcomes: Sequence[str],
    product: str,
    *first: Callable[[sa.FromClause], sa.ColumnElement[int]],
) -> sa.ColumnElement[bool]:
    """Whether a decision is its partition's newest of these outcomes, and was not withdrawn."""
    candidate = decisions.alias("candidate")
    newest = (
        sa.select(candidate.c.attempt)
        .where(
            candidate.c.product == product,
            candidate.c.partition == sa.bindparam("key"),
            candidate.c.current,
            sa.or_(_any_of(candidate, outcomes), _withdrawn(candidate)),
        )
        .order_by(*(key(candidate) for key in first), candidate.c.attempt.desc())
        .limit(sa.literal_column("1"))
        .scalar_subquery()
    )
    fits = sa.and_(decisions.c.current, _any_of(decisions, outcomes), decisions.c.attempt == newest)
    # Comparing with an empty subquery is null, and a flag is never null.
    return sa.func.coalesce(fits, sa.false())


def _any_of(table: sa.FromClause, outcomes: Sequence[str]) -> sa.ColumnElement[bool]:
    # Not `in_`: what it expands to cannot run for many keys at once.
    return sa.or_(*(table.c.outcome == outcome for outcome in outcomes))


def _withdrawn(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """A rollback took the partition away: a discard that names the publication that did."""
    return sa.and_(table.c.outcome == Outcome.DISCARDED.value, table.c.publication.is_not(None))


def put_publication(connection: sa.Connection, product: str, publication: Publication) -> bool:
    """Record a publication once; whether it was new here."""
    key = (publications.c.product == product) & (publications.c.id == publication.id)
    if connection.execute(sa.select(publications.c.id).where(key)).first() is not None:
        return False
    connection.execute(sa.insert(publications), [row_from_publication(product, publication)])
    return True


def _put_results(
    connection: sa.Connection, attempt: str, revised: Iterable[tuple[Decision, int]]
) -> None:
    rows = [
        row
        for decision, revision in revised
        for row in rows_from_results(decision, attempt=attempt, revision=revision)
    ]
    if rows:
        connection.execute(sa.insert(results), rows)
