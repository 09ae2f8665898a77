"""Record what storage has published and the journal missed.

Storage is the truth about what is published: a process may die between the swap of the pointer
and its record, and a journal may be lost altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal import queries, writes
from mesh_dagster.journal.rows import decision_from_row, list_or_none
from mesh_dagster.journal.tables import attempts
from mesh_dagster.model.snapshot import (
    AttemptState,
    Decision,
    Outcome,
    Publication,
    PublicationKind,
    Staged,
)


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
    decisions = _derived(connection, row, publication) if given is None else given
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


def _derived(
    connection: sa.Connection, row: sa.Row[Any], publication: Publication
) -> list[Decision]:
    if publication.kind is PublicationKind.ROLLBACK:
        restored = _restored(connection, row.product, publication)
        if restored:
            return restored
    (attempt,) = queries.attempts_with(connection, [row])
    partitions: Sequence[str | None] = publication.partitions or (None,)
    return [
        Decision(
            partition=partition,
            outcome=Outcome.PUBLISHED,
            rows=_rows(attempt.staged, publication, partition),
            publication=publication.number,
        )
        for partition in partitions
    ]


def _rows(staged: Sequence[Staged], publication: Publication, partition: str | None) -> int:
    if staged:
        made = [each for each in staged if not publication.derives(each.port or "")]
        return sum(each.of(partition).rows for each in made)
    whole = partition is None
    return publication.rows if whole else 0


def _restored(connection: sa.Connection, product: str, publication: Publication) -> list[Decision]:
    """What a rollback changes: partitions shown as they were then, and those withdrawn.

    Nothing where the journal does not know the publication that it goes back to.
    """
    earlier = (
        each.number
        for each in queries.newest_publications(connection, product, limit=None)
        if each.number < publication.number and each.ports == publication.ports
    )
    number = next(earlier, None)
    if number is None:
        return []
    then = queries.shown_at(connection, product, number)
    now = queries.shown_at(connection, product, publication.number - 1)
    back = [
        replace(
            decision_from_row(row, queries.results_of(connection, row)),
            outcome=Outcome.PUBLISHED,
            publication=publication.number,
        )
        for key, row in then.items()
        if key not in now or now[key].attempt != row.attempt
    ]
    withdrawn = [
        Decision(key, Outcome.DISCARDED, rows=0, publication=publication.number)
        for key in now.keys() - then.keys()
    ]
    return back + withdrawn


def _released(decision: Decision, earlier: Decision) -> Decision:
    return replace(
        earlier,
        outcome=Outcome.RELEASED,
        results=decision.results or earlier.results,
        publication=decision.publication,
    )
