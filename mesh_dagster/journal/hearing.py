"""Since when a domain hears of the products of others: what it was told, and what it read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from mesh_dagster.journal.alert_tables import events
from mesh_dagster.journal.tables import attempts, reads
from mesh_dagster.model.address import SCHEME, Address

_AT_ONCE = 500


def heard_since(
    connection: sa.Connection, subjects: Sequence[str], readers: Sequence[str]
) -> dict[str, datetime]:
    """When the first thing happened that is recorded of each product, or when it was first read
    by one of the readers, if that was before."""
    asked, found = set(subjects), dict[str, datetime]()
    for path, at in (*_told(connection, subjects), *_read(connection, readers)):
        if path in asked:
            found[path] = min(at, found.get(path, at))
    return found


def _told(connection: sa.Connection, subjects: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    first = sa.select(events.c.subject, sa.func.min(events.c.at).label("at"))
    first = first.group_by(events.c.subject)
    for start in range(0, len(subjects), _AT_ONCE):
        some = events.c.subject.in_(subjects[start : start + _AT_ONCE])
        for row in connection.execute(first.where(some)):
            yield row.subject, row.at


def _read(connection: sa.Connection, readers: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    first = sa.select(reads.c.address, sa.func.min(attempts.c.started_at).label("at"))
    first = first.join(attempts, attempts.c.id == reads.c.attempt).group_by(reads.c.address)
    first = first.where(reads.c.address.startswith(SCHEME))
    for start in range(0, len(readers), _AT_ONCE):
        some = attempts.c.product.in_(readers[start : start + _AT_ONCE])
        for row in connection.execute(first.where(some)):
            yield Address.parse(row.address).of_product.path, row.at
