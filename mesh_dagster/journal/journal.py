"""The domain's ledger: what was tried, what each audit said, what was decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal import queries, recovery, reviews, writes
from mesh_dagster.journal.access_log import AccessLog
from mesh_dagster.journal.access_tables import log_of
from mesh_dagster.journal.columns import columns_of_digest, columns_shown, put_columns
from mesh_dagster.journal.database import PATIENCE, Database
from mesh_dagster.journal.deliveries import Deliveries
from mesh_dagster.journal.known import Known, known
from mesh_dagster.journal.lives import Lives
from mesh_dagster.journal.outbox import Outbox
from mesh_dagster.journal.owner import Owner
from mesh_dagster.journal.past import Asked, Past, past
from mesh_dagster.journal.policy_log import PolicyLog
from mesh_dagster.journal.probes import put_probe
from mesh_dagster.journal.queries import Quarantined, Revision
from mesh_dagster.journal.reviews import Reviews
from mesh_dagster.journal.rows import list_or_none
from mesh_dagster.journal.run_events import put_run_events
from mesh_dagster.journal.scores import Scores
from mesh_dagster.journal.summary import SQL, Summary, summaries_from_rows
from mesh_dagster.journal.tables import attempts
from mesh_dagster.journal.upgrade import ensure_schema
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.review import RulingState
from mesh_dagster.model.run_event import RunEvent
from mesh_dagster.model.snapshot import (
    Attempt,
    AttemptState,
    Decision,
    InputRead,
    Outcome,
    Publication,
    Staged,
)


def open_journal(url: str | Path, domain: str, *, patience: float = PATIENCE) -> Journal:
    """Open a domain's ledger, creating or upgrading it where needed.

    `url` is `sqlite:///<path>` or `postgresql+psycopg://…`, in which `{domain}` is replaced, or
    the path of a SQLite file as it is. On PostgreSQL each domain has a schema of its name.
    `patience` is how many seconds a write waits for another process's. Raises `JournalError`
    (corrupt, read-only, locked, unreachable, newer than this release) and `MissingExtra`.
    """
    database = Database(url, domain, patience)
    try:
        ensure_schema(database)
    except BaseException:
        database.close()
        raise
    return Journal(database)


class Journal:
    """One domain's ledger. Safe to share among threads; each call is one transaction.

    Products are named by their path with the major, `flights/departures/v1`. Every method
    raises `JournalError` when the database refuses, and when what is to be recorded contradicts
    what is there. `lineage` are the run events that tell of what is recorded, in its transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outbox = Outbox(database)
        """What is to be told to people, and what became of it."""
        self.deliveries = Deliveries(database)
        """The run events on their way to sinks."""

    def close(self) -> None:
        """Close every connection to the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def reviews(self) -> Reviews:
        """The decisions of owners, and what waits for one."""
        return Reviews(self._database)

    @property
    def scores(self) -> Scores:
        """What products score, and what was seen of them that their score asks about."""
        return Scores(self._database)

    @property
    def lives(self) -> Lives:
        """What became of products in their life: promotions, deprecations, retirements."""
        return Lives(self._database)

    @property
    def policies(self) -> PolicyLog:
        """When policies were asked, and when they fired."""
        return PolicyLog(self._database)

    @property
    def access(self) -> AccessLog:
        """Who read what, allowed or not."""
        return log_of(self._database)

    def begin(
        self,
        product: str,
        attempt: str,
        *,
        started_at: datetime,
        run_id: str | None = None,
        base: int | None = None,
        partitions: Sequence[str] | None = None,
        lineage: Sequence[RunEvent] = (),
    ) -> None:
        """Record that this process starts an attempt.

        `base` is the number of the newest publication at this moment, `partitions` are those
        asked for (None: the whole).
        """
        owner = Owner.this()
        row = {
            "id": attempt,
            "product": product,
            "state": AttemptState.RUNNING.value,
            "started_at": started_at,
            "run_id": run_id,
            "base": base,
            "partitions": list_or_none(partitions),
            "host": owner.host,
            "pid": owner.pid,
            "process": owner.process,
            "begun": clock.wall(),
            "healed": False,
        }
        with self._database.writing() as connection:
            connection.execute(sa.insert(attempts), [row])
            put_run_events(connection, lineage)

    def staged(self, attempt: str, staged: Sequence[Staged]) -> None:
        """Record which files the attempt staged; a port's new manifest replaces its old one."""
        with self._database.writing() as connection:
            writes.attempt_row(connection, attempt)
            writes.put_staged(connection, attempt, staged)

    def read(self, attempt: str, reads: Sequence[InputRead]) -> None:
        """Record what the attempt has read; the same port and address replaces what it had."""
        with self._database.writing() as connection:
            writes.attempt_row(connection, attempt)
            writes.put_reads(connection, attempt, reads)

    def finish(
        self,
        attempt: str,
        decisions: Sequence[Decision],
        *,
        reads: Sequence[InputRead] = (),
        staged: Sequence[Staged] = (),
        seconds: float | None = None,
        publication: Publication | None = None,
        lineage: Sequence[RunEvent] = (),
    ) -> None:
        """Record what became of every partition, in one transaction.

        Reads and manifests add to those recorded before. Open quarantines of older attempts
        are superseded where this attempt published the partition.
        """
        with self._database.writing() as connection:
            row = writes.attempt_row(connection, attempt)
            writes.require_open(row, "finished")
            if row.healed:
                writes.forget_decisions(connection, row)
            writes.put_reads(connection, attempt, reads)
            writes.put_staged(connection, attempt, staged)
            writes.put_decisions(connection, row, decisions)
            if publication is not None:
                writes.put_publication(connection, row.product, publication)
            writes.set_state(connection, row, AttemptState.FINISHED, seconds=seconds, healed=False)
            put_run_events(connection, lineage)

    def fail(
        self,
        attempt: str,
        error: str,
        *,
        seconds: float | None = None,
        lineage: Sequence[RunEvent] = (),
    ) -> None:
        """Record that the attempt ended without a decision, and why."""
        with self._database.writing() as connection:
            row = writes.attempt_row(connection, attempt)
            writes.require_open(row, "failed")
            writes.set_state(connection, row, AttemptState.FAILED, error=error, seconds=seconds)
            put_run_events(connection, lineage)

    def abandon(self, attempt: str, lineage: Sequence[RunEvent] = ()) -> bool:
        """Record that the attempt's process is gone; whether it was this call that did."""
        with self._database.writing() as connection:
            row = writes.attempt_row(connection, attempt)
            if row.state != AttemptState.RUNNING:
                return False
            writes.set_state(connection, row, AttemptState.ABANDONED)
            put_run_events(connection, lineage)
            return True

    def decide(
        self,
        attempt: str,
        partition: str | None,
        outcome: Outcome,
        *,
        publication: Publication | int | None = None,
        results: Sequence[RuleResult] | None = None,
        rows: int | None = None,
        sealed: Sequence[Staged] = (),
        by: str | None = None,
        why: str | None = None,
        ruling: str | None = None,
        lineage: Sequence[RunEvent] = (),
    ) -> Decision:
        """Release, discard or supersede a quarantined partition, once and on the record.

        `QUARANTINED` says that a new audit left it where it is. `results` are those of a new
        audit (None: the earlier ones stand). A whole `publication` is recorded too, of one
        given by its number only the number. `sealed` are its files with checksums, for those that
        had none. Of several deciders one wins, the others get a `JournalError`. `ruling` is the
        decision of an owner (`reviews`) that this ends; where the partition is not in quarantine
        any more, because a newer attempt published it or a dead process had come so far, that
        decision ends with what there is.
        """
        number = publication.number if isinstance(publication, Publication) else publication
        with self._database.writing() as connection:
            row = writes.attempt_row(connection, attempt)
            found = queries.current_decision(connection, attempt, partition)
            if found is None:
                raise writes.never_decided(row, partition)
            decision = Decision(
                partition=partition,
                outcome=outcome,
                rows=found.rows if rows is None else rows,
                results=found.results if results is None else tuple(results),
                event_min=found.event_min,
                event_max=found.event_max,
                publication=number,
            )
            if ruling is not None and found.outcome is not Outcome.QUARANTINED:
                decision = found
            else:
                writes.revise(connection, row, decision, by=by, why=why)
                writes.put_seals(connection, sealed)
            if isinstance(publication, Publication):
                writes.put_publication(connection, row.product, publication)
            put_run_events(connection, lineage)
            if ruling is not None:
                told = {"outcome": decision.outcome.value, "publication": decision.publication}
                reviews.end(connection, ruling, RulingState.DONE, **told)
            return decision

    def record_publication(
        self,
        product: str,
        publication: Publication,
        decisions: Sequence[Decision] | None = None,
        lineage: Sequence[RunEvent] = (),
    ) -> bool:
        """Record a publication that storage has and the journal does not; whether it was new.

        Its attempt is created where the journal does not know it, finished where its process
        did not, and its quarantine released where that was what published it. Without
        `decisions` they follow from the publication: for a rollback from what stood at the
        publication whose ports it shows again, otherwise from the attempt's manifests.
        """
        with self._database.writing() as connection:
            if not recovery.record(connection, product, publication, decisions):
                return False
            put_run_events(connection, lineage)
            return True

    def attempt(self, attempt: str) -> Attempt:
        """One attempt with its newest decision about each partition, by partition.

        Raises `JournalError` for one that was never begun.
        """
        with self._database.reading() as connection:
            row = writes.attempt_row(connection, attempt)
            return queries.attempts_with(connection, [row])[0]

    def attempts(self, product: str, limit: int = 20) -> list[Attempt]:
        """The product's attempts, newest first."""
        with self._database.reading() as connection:
            return queries.newest_attempts(connection, product, limit)

    def running(self, product: str | None = None) -> list[Attempt]:
        """Attempts at work, oldest first. Of another host they count as such for a day."""
        with self._database.reading() as connection:
            return queries.running_attempts(connection, product, gone=False)

    def unfinished(self, product: str | None = None) -> list[Attempt]:
        """Attempts that never ended and whose process is gone, oldest first."""
        with self._database.reading() as connection:
            return queries.running_attempts(connection, product, gone=True)

    def quarantined(self, product: str | None = None) -> list[Quarantined]:
        """What waits for its owner: (attempt, decision, staged files of that partition)."""
        with self._database.reading() as connection:
            return queries.open_quarantines(connection, product)

    def history(self, attempt: str, partition: str | None = None) -> list[Revision]:
        """Every decision about a partition of an attempt, oldest first: who, when and why."""
        with self._database.reading() as connection:
            return queries.revisions(connection, attempt, partition)

    def last_results(self, product: str, partition: str | None = None) -> tuple[RuleResult, ...]:
        """What the newest audit said, of one partition or (None) of each of them."""
        with self._database.reading() as connection:
            return queries.results_of_latest(connection, product, partition)

    def last_evaluated(
        self, product: str, port: str | None, rules: Collection[str]
    ) -> dict[str, RuleResult]:
        """The newest result that a product's attempts have of each rule, if a recent one has."""
        with self._database.reading() as connection:
            return queries.newest_results(connection, product, port, rules)

    def last_columns(self, product: str, port: str, address: str) -> dict[str, str] | None:
        """The columns (and types) of a source at its last good read; None before the first."""
        with self._database.reading() as connection:
            return queries.last_columns(connection, product, port, address)

    def publications(self, product: str, limit: int | None = None) -> list[Publication]:
        """The product's publications, newest first."""
        with self._database.reading() as connection:
            return queries.newest_publications(connection, product, limit)

    def known(self, product: str, publications: int = 5) -> Known:
        """What everybody may know of a product, with its newest publications."""
        with self._database.reading() as connection:
            return known(connection, product, publications)

    def found_columns(
        self, product: str, attempt: str, digest: str, found: Mapping[str, ColumnLineage]
    ) -> None:
        """Record what the columns of each port are made of, where that is new."""
        with self._database.writing() as connection:
            put_columns(connection, product, attempt, digest, found)

    def columns_of_digest(
        self, product: str, ports: Collection[str], digest: str
    ) -> dict[str, ColumnLineage] | None:
        """What was found last, if it was found from the same."""
        with self._database.reading() as connection:
            return columns_of_digest(connection, product, ports, digest)

    def columns(
        self, product: str, publication: Publication | None = None
    ) -> dict[str, ColumnLineage]:
        """What the columns of a publication, or (None) the newest one, are made of, by port."""
        with self._database.reading() as connection:
            return columns_shown(connection, product, publication)

    def past(self, asked: Mapping[str, Asked], until: datetime) -> Iterator[Past]:
        """What became of products over time, each of them in the order in which it is asked for.

        It is one query, read as a stream: one product is in memory at a time.
        """
        with self._database.reading() as connection:
            yield from past(connection, self._database, asked, until)

    def probed(
        self,
        product: str,
        port: str | None,
        *,
        at: datetime,
        seconds: float,
        error: str | None = None,
    ) -> None:
        """Record one read of a port, that took so long, and what it was told if it failed."""
        with self._database.writing() as connection:
            put_probe(connection, product, port or "", at=at, seconds=seconds, error=error)

    def summary(self, products: Collection[str] | None = None) -> list[Summary]:
        """One line for each product that has any decision, by name."""
        with self._database.reading() as connection:
            decisions = self._database.quoted("decisions")
            rows = connection.execute(sa.text(SQL.format(decisions=decisions))).all()
        return summaries_from_rows(rows, products)
