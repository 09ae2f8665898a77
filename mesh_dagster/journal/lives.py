"""The lives of products in the ledger: each promotion, deprecation and retirement, for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.database import Database
from mesh_dagster.journal.life_tables import transitions
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.life import Evidence, Need, Transition
from mesh_dagster.model.product import Stage


class Lives:
    """What became of a domain's products. Each call is one transaction, and raises
    `JournalError` when the database refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, transition: Transition) -> None:
        """Record a move, with who made it and the evidence that he was shown."""
        with self._database.writing() as connection:
            connection.execute(sa.insert(transitions), [_row(transition)])

    def of(self, product: str | None = None) -> list[Transition]:
        """All moves of a product, or of every one of the domain, oldest first."""
        found = sa.select(transitions).order_by(transitions.c.id)
        if product is not None:
            found = found.where(transitions.c.product == product)
        with self._database.reading() as connection:
            return [_transition(row) for row in connection.execute(found)]


def _row(made: Transition) -> dict[str, Any]:
    return {
        "id": made.id,
        "product": made.product,
        "before": made.before.value,
        "after": made.after.value,
        "by": made.by.name,
        "proof": made.by.proof,
        "verified": made.by.verified,
        "detail": made.by.detail,
        "at": made.at,
        "why": made.why,
        "evidence": [
            {"need": each.need.value, "there": each.there, "seen": each.seen}
            for each in made.evidence
        ],
        "sunset": made.sunset.isoformat() if made.sunset else None,
        "instead": made.instead,
    }


def _transition(row: sa.Row[Any]) -> Transition:
    return Transition(
        id=row.id,
        product=row.product,
        before=Stage(row.before),
        after=Stage(row.after),
        by=Identity(row.by, row.proof, row.verified, row.detail),
        at=row.at,
        why=row.why,
        evidence=tuple(_evidence(row.evidence)),
        sunset=date.fromisoformat(row.sunset) if row.sunset else None,
        instead=row.instead,
    )


def _evidence(told: Iterable[Mapping[str, Any]]) -> Iterable[Evidence]:
    """What was shown then; a need that this release does not know is passed over."""
    known = {each.value: each for each in Need}
    for each in told:
        if each.get("need") in known:
            yield Evidence(known[each["need"]], bool(each.get("there")), str(each.get("seen", "")))
