"""What the ledger knows of one product that everybody may know, in a few queries."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal import queries
from mesh_dagster.journal.rows import read_from_row
from mesh_dagster.journal.tables import attempts, decisions, reads
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import InputRead, Publication


class Known(NamedTuple):
    """The newest publications and audit of a product, and what was last read to make it."""

    publications: list[Publication]
    results: tuple[RuleResult, ...]
    reads: tuple[InputRead, ...]
    newest_event: datetime | None = None
    """The newest moment of an event that its ports show, where they tell one."""


def known(connection: sa.Connection, product: str, publications: int) -> Known:
    """What a journal knows of a product; the newest so many publications."""
    return Known(
        queries.newest_publications(connection, product, publications),
        _newest_audit(connection, product),
        _newest_reads(connection, product),
        _newest_event(connection, product),
    )


def _newest_audit(connection: sa.Connection, product: str) -> tuple[RuleResult, ...]:
    """Of the newest attempt that was decided on, its last partition: they are made in order."""
    newest = (
        sa.select(decisions)
        .where(decisions.c.product == product, decisions.c.standing, decisions.c.latest)
        .order_by(decisions.c.attempt.desc(), decisions.c.partition.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    return () if row is None else tuple(queries.results_of(connection, row))


def _newest_reads(connection: sa.Connection, product: str) -> tuple[InputRead, ...]:
    newest = (
        sa.select(attempts.c.id)
        .join(reads, reads.c.attempt == attempts.c.id)
        .where(attempts.c.product == product)
        .order_by(attempts.c.id.desc())
        .limit(1)
    )
    attempt = connection.execute(newest).scalar()
    if attempt is None:
        return ()
    of_attempt = sa.select(reads).where(reads.c.attempt == attempt).order_by(reads.c.position)
    return tuple(read_from_row(row) for row in connection.execute(of_attempt))


def _newest_event(connection: sa.Connection, product: str) -> datetime | None:
    shown = sa.select(sa.func.max(decisions.c.event_max)).where(
        decisions.c.product == product, decisions.c.standing, decisions.c.shown
    )
    found = connection.execute(shown).scalar()
    return None if found is None else clock.in_utc(found)
