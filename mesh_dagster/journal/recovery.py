"""Record what storage has published and the journal missed.

Storage is the truth about what is published: a process may die between the swap of the pointer
and its record, and a journal may be lost altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal import queries, writes
from mesh_dagster.journal.rows import list_or_none
from mesh_dagster.journal.tables import attempts
from mesh_dagster.model.snapshot import AttemptState, Decision, Outcome, Publication, Staged


def record(
    connection: sa.Connection,
    product: str,
    publication: Publication,
    given: Sequence[Decision] | None,
) -> bool:
    """Record a publication and what follows from it; whether it was new."""
    if not writes.put_publication(connection, product, publication):
        return False
    row = _attempt(connection, product, publication)
    decisions = _derived(connection, publication) if given is None else given
    known = {
        decision.partition: queries.current_decision(connection, row.id, decision.partition)
        for decision in decisions
    }
    for decision in decisions:
        earlier = known[decision.partition]
        if earlier is not None and earlier.outcome is Outcome.QUARANTINED:
            writes.revise(connection, row, _released(decision, earlier), why=_WHY)
    unknown = [decision for decision in decisions if known[decision.partition] is None]
    writes.put_decisions(connection, row, unknown)
    if row.state != AttemptState.FINISHED:
        writes.set_state(connection, row, AttemptState.FINISHED, healed=True)
    return True


_WHY = "found in storage"


def _attempt(connection: sa.Connection, product: str, publication: Publication) -> sa.Row[Any]:
    found = sa.select(attempts).where(attempts.c.id == publication.attempt)
    if connection.execute(found).first() is None:
        row = {
            "id": publication.attempt,
            "product": product,
            "state": AttemptState.FINISHED.value,
            "started_at": publication.at,
            "begun": publication.at,
            "partitions": list_or_none(publication.partitions),
            "healed": True,
        }
        connection.execute(sa.insert(attempts), [row])
    return writes.attempt_row(connection, publication.attempt)


def _derived(connection: sa.Connection, publication: Publication) -> list[Decision]:
    attempt = queries.find_attempt(connection, publication.attempt)
    manifests = attempt.staged if attempt is not None else ()
    first = next((staged for staged in manifests if staged.port is None), None)
    partitions: Sequence[str | None] = publication.partitions or (None,)
    return [
        Decision(
            partition=partition,
            outcome=Outcome.PUBLISHED,
            rows=_rows(first, publication, partition),
            publication=publication.number,
        )
        for partition in partitions
    ]


def _rows(first: Staged | None, publication: Publication, partition: str | None) -> int:
    if first is not None:
        return first.of(partition).rows
    port = publication.ports.get("")
    return port.rows if port is not None and partition is None else 0


def _released(decision: Decision, earlier: Decision) -> Decision:
    return Decision(
        partition=decision.partition,
        outcome=Outcome.RELEASED,
        rows=earlier.rows,
        results=decision.results or earlier.results,
        event_min=earlier.event_min,
        event_max=earlier.event_max,
        publication=decision.publication,
    )
