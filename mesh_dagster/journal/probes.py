"""Reads of ports that tell whether they answer, one row for all that came to the same.

A port that answers for a year is one row. The next row begins where one comes to something else.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from mesh_dagster.journal.tables import WHOLE, Moment, metadata
from mesh_dagster.model.slo import Probes

probes = sa.Table(
    "probes",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("port", sa.Text, primary_key=True),
    sa.Column("since", Moment, primary_key=True),
    sa.Column("until", Moment, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Column("reads", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("slowest", sa.Float, nullable=False),
    sa.Column("error", sa.Text),
)
"""`seconds` are those of all reads together."""


def put_probe(
    connection: sa.Connection,
    product: str,
    port: str,
    *,
    at: datetime,
    seconds: float,
    error: str | None,
) -> None:
    """Record one read of a port; one that is not later than the last is left out."""
    of_port = (probes.c.product == product) & (probes.c.port == (port or WHOLE))
    newest = sa.select(probes).where(of_port).order_by(probes.c.since.desc()).limit(1)
    last = connection.execute(newest).first()
    if last is not None and at <= last.until:
        return
    answered = error is None
    if last is not None and last.answered == answered:
        same = of_port & (probes.c.since == last.since)
        told = {
            "until": at,
            "reads": last.reads + 1,
            "seconds": last.seconds + seconds,
            "slowest": max(last.slowest, seconds),
        }
        connection.execute(sa.update(probes).where(same).values(told))
        return
    row = {
        "product": product,
        "port": port or WHOLE,
        "since": at,
        "until": at,
        "answered": answered,
        "reads": 1,
        "seconds": seconds,
        "slowest": seconds,
        "error": error,
    }
    connection.execute(sa.insert(probes), [row])


def probes_until(
    connection: sa.Connection, products: Collection[str], until: datetime
) -> dict[str, list[Probes]]:
    """What reads of these products came to, the oldest first."""
    query = sa.select(probes).where(probes.c.since <= until).order_by(probes.c.since)
    found: dict[str, list[Probes]] = {name: [] for name in products}
    for row in connection.execute(query):
        if row.product in found:
            found[row.product].append(
                Probes(
                    row.port,
                    row.since,
                    row.until,
                    row.answered,
                    row.reads,
                    row.seconds / row.reads,
                    row.slowest,
                    row.error,
                )
            )
    return found
