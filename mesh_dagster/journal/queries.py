"""What the ledger answers, each function inside the transaction of its caller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.owner import Owner
from mesh_dagster.journal.rows import (
    attempt_from_rows,
    decision_from_row,
    publication_from_row,
    read_from_row,
    result_from_row,
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
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.review import Audited
from mesh_dagster.model.snapshot import (
    Attempt,
    AttemptState,
    Decision,
    Outcome,
    Publication,
    Staged,
)

K = TypeVar("K")
V = TypeVar("V")

_RECENT = 50
"""Attempts among which a rule's last result is looked for; of an older one it is due anyway."""
_AT_ONCE = 500
"""Ids in one query; drivers bound the number of parameters."""


class Quarantined(NamedTuple):
    """One partition that waits for its owner, with the files that were staged for it."""

    attempt: Attempt
    decision: Decision
    staged: tuple[Staged, ...]

    @property
    def audited(self) -> Audited:
        """What a ruling about it names."""
        return self.attempt.id, self.decision.partition

    @property
    def keys(self) -> tuple[str, ...] | None:
        """Its partition, as those are named of which a part is asked for."""
        return None if self.decision.partition is None else (self.decision.partition,)

    @property
    def failures(self) -> tuple[RuleResult, ...]:
        """What keeps it from being published."""
        return tuple(result for result in self.decision.results if result.blocks)


class Revision(NamedTuple):
    """One entry of the history of a partition in an attempt; the first is the audit's own."""

    decision: Decision
    at: datetime
    by: str | None
    why: str | None


def attempts_with(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Attempt]:
    """The attempts of these rows with everything that is recorded of them, in a few queries."""
    ids = [row.id for row in rows]
    decided = _grouped(_decisions_of(connection, ids))
    read = _grouped(
        (row.attempt, read_from_row(row))
        for row in _of_attempts(connection, reads, ids, reads.c.position)
    )
    manifests = _grouped(
        (row.attempt, staged_from_row(row))
        for row in _of_attempts(connection, staged, ids, staged.c.port)
    )
    return [
        attempt_from_rows(row, decided[row.id], read[row.id], manifests[row.id]) for row in rows
    ]


def last_columns(
    connection: sa.Connection, product: str, port: str, address: str
) -> dict[str, str] | None:
    """The columns of a source when it was last read and as its contract says."""
    of_source = (reads.c.port == port) & (reads.c.address == address)
    found = (
        sa.select(reads.c.source_columns)
        .join(attempts, attempts.c.id == reads.c.attempt)
        .where(attempts.c.product == product, of_source, reads.c.source_columns.is_not(None))
        .order_by(reads.c.attempt.desc())
        .limit(1)
    )
    return connection.execute(found).scalar()


def current_decision(
    connection: sa.Connection, attempt: str, partition: str | None
) -> Decision | None:
    """The newest decision about one partition of an attempt, with its results."""
    history = revisions(connection, attempt, partition)
    return history[-1].decision if history else None


def shown_at(connection: sa.Connection, product: str, number: int) -> dict[str | None, sa.Row[Any]]:
    """The decisions whose data the product's ports showed at a publication."""
    published = (
        sa.select(decisions)
        .where(
            decisions.c.product == product,
            decisions.c.current,
            decisions.c.publication <= number,
        )
        .order_by(decisions.c.publication, decisions.c.attempt)
    )
    newest = {row.partition: row for row in connection.execute(published)}
    gone = Outcome.DISCARDED.value
    return {key or None: row for key, row in newest.items() if row.outcome != gone}


def newest_attempts(connection: sa.Connection, product: str, limit: int) -> list[Attempt]:
    of_product = sa.select(attempts).where(attempts.c.product == product)
    newest = of_product.order_by(attempts.c.id.desc()).limit(limit)
    return attempts_with(connection, connection.execute(newest).all())


def running_attempts(
    connection: sa.Connection, product: str | None, *, gone: bool
) -> list[Attempt]:
    """Those that began and did not end: of processes that are gone, or of the others."""
    running = sa.select(attempts).where(attempts.c.state == AttemptState.RUNNING.value)
    if product is not None:
        running = running.where(attempts.c.product == product)
    found = connection.execute(running.order_by(attempts.c.id)).all()
    return attempts_with(connection, [row for row in found if _is_gone(row) is gone])


def open_quarantines(connection: sa.Connection, product: str | None) -> list[Quarantined]:
    waiting = sa.select(decisions).where(
        UNSETTLED,
        decisions.c.current,
        decisions.c.outcome == Outcome.QUARANTINED.value,
    )
    if product is not None:
        waiting = waiting.where(decisions.c.product == product)
    waiting = waiting.order_by(decisions.c.product, decisions.c.partition, decisions.c.attempt)
    found = connection.execute(waiting).all()
    ids = sorted({row.attempt for row in found})
    rows = _of_attempts(connection, attempts, ids, attempts.c.id)
    by_id = {attempt.id: attempt for attempt in attempts_with(connection, rows)}
    return [_quarantined(by_id[row.attempt], row.partition or None) for row in found]


def results_of(connection: sa.Connection, decided: sa.Row[Any]) -> list[RuleResult]:
    """What the audit behind one row of decisions said."""
    of_revision = sa.select(results).where(
        results.c.attempt == decided.attempt,
        results.c.partition == decided.partition,
        results.c.revision == decided.revision,
    )
    rows = connection.execute(of_revision.order_by(results.c.position))
    return [result_from_row(row) for row in rows]


def results_of_latest(
    connection: sa.Connection, product: str, partition: str | None
) -> tuple[RuleResult, ...]:
    """Of the newest audit of one partition, or of every partition where none is named."""
    latest = (
        sa.select(results)
        .join(decisions, _SAME_REVISION)
        .where(decisions.c.product == product, decisions.c.standing, decisions.c.latest)
        .order_by(results.c.partition, results.c.position)
    )
    if partition is not None:
        latest = latest.where(decisions.c.partition == partition)
    return tuple(result_from_row(row) for row in connection.execute(latest))


def newest_results(
    connection: sa.Connection, product: str, port: str | None, rules: Collection[str]
) -> dict[str, RuleResult]:
    """Of each rule of a port its newest result with the time of its evaluation.

    Only the newest attempts are asked, each by its key: a journal grows, this does not.
    """
    recent = sa.select(attempts.c.id).where(attempts.c.product == product)
    recent = recent.order_by(attempts.c.id.desc()).limit(_RECENT)
    of_port = results.c.port.is_(None) if port is None else results.c.port == port
    found = (
        sa.select(results)
        .where(results.c.attempt.in_(recent.scalar_subquery()), results.c.rule.in_(rules), of_port)
        .order_by(results.c.attempt.desc(), results.c.revision.desc(), results.c.partition)
    )
    newest: dict[str, RuleResult] = {}
    for row in connection.execute(found):
        result = result_from_row(row)
        if result.evaluated_at is not None:
            newest.setdefault(row.rule, result)
    return newest


def revisions(connection: sa.Connection, attempt: str, partition: str | None) -> list[Revision]:
    history = sa.select(decisions).where(
        decisions.c.attempt == attempt, decisions.c.partition == (partition or WHOLE)
    )
    return [
        Revision(
            decision_from_row(row, results_of(connection, row)),
            row.decided_at,
            row.decided_by,
            row.reason,
        )
        for row in connection.execute(history.order_by(decisions.c.revision)).all()
    ]


def newest_publications(
    connection: sa.Connection, product: str, limit: int | None
) -> list[Publication]:
    of_product = sa.select(publications).where(publications.c.product == product)
    newest = of_product.order_by(publications.c.number.desc(), publications.c.at.desc())
    rows = connection.execute(newest.limit(limit) if limit is not None else newest)
    return [publication_from_row(row) for row in rows]


_SAME_REVISION = sa.and_(
    results.c.attempt == decisions.c.attempt,
    results.c.partition == decisions.c.partition,
    results.c.revision == decisions.c.revision,
)


def _decisions_of(connection: sa.Connection, ids: Sequence[str]) -> list[tuple[str, Decision]]:
    audits = _grouped(
        ((row.attempt, row.partition, row.revision), result_from_row(row))
        for row in _of_attempts(connection, results, ids, results.c.position)
    )
    return [
        (row.attempt, decision_from_row(row, audits[row.attempt, row.partition, row.revision]))
        for row in _of_attempts(connection, decisions, ids, decisions.c.partition)
        if row.current
    ]


def _of_attempts(
    connection: sa.Connection, table: sa.Table, ids: Sequence[str], order: sa.Column[Any]
) -> list[sa.Row[Any]]:
    key = table.c.id if table is attempts else table.c.attempt
    rows: list[sa.Row[Any]] = []
    for start in range(0, len(ids), _AT_ONCE):
        some = sa.select(table).where(key.in_(ids[start : start + _AT_ONCE]))
        rows.extend(connection.execute(some.order_by(order)))
    return rows


def _grouped(pairs: Iterable[tuple[K, V]]) -> defaultdict[K, list[V]]:
    groups: defaultdict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _quarantined(attempt: Attempt, partition: str | None) -> Quarantined:
    decision = next(each for each in attempt.decisions if each.partition == partition)
    return Quarantined(attempt, decision, tuple(port.of(partition) for port in attempt.staged))


def _is_gone(row: sa.Row[Any]) -> bool:
    owner = Owner(row.host, row.pid, row.process)
    return owner.is_gone(begun=row.begun, now=clock.wall())
