"""The scores of products: what the ledger saw that they ask about, and how they were over time.

A row is kept for each time that a score was another. Scores of two rule sets are never compared:
a new rule set begins a new history.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.database import Database
from mesh_dagster.journal.happenings import put_event
from mesh_dagster.journal.seen import Seen, seen
from mesh_dagster.journal.tables import Moment, json_type, metadata, rising_number
from mesh_dagster.model.event import Event
from mesh_dagster.model.score import ScoreKept, ScoreTold, Trend

scores = sa.Table(
    "scores",
    metadata,
    rising_number(),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("rules", sa.Text, nullable=False),
    sa.Column("overall", sa.Integer, nullable=False),
    sa.Column("dimensions", json_type(), nullable=False),
    sa.Column("peak", sa.Integer, nullable=False),
    sa.Index("scores_of_product", "product", "number"),
    sqlite_autoincrement=True,
)
"""`at` is the mesh's time. `peak` is the best since the last fall that somebody was told of."""

Fallen = Callable[[str, int, ScoreTold, ScoreTold], Event | None]
"""The product, the best that it was, its score before and its score now -> what to tell of that."""


class Scores:
    """The scores in a domain's journal. Each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, products: Collection[str]) -> dict[str, Seen]:
        """What was seen of each of these products: one pass over the journal for all of them."""
        with self._database.reading() as connection:
            return seen(connection, self._database, products)

    def record(self, found: Mapping[str, ScoreTold], at: datetime, fallen: Fallen) -> list[Event]:
        """Record scores that are not what they were, and what there is to tell of it."""
        with self._database.reading() as connection:
            # Most of the time there is nothing to do, and no writer has to wait for that.
            if not _changed(found, _newest(connection, found)):
                return []
        with self._database.writing() as connection:
            known = _newest(connection, found)
            told = []
            for product in _changed(found, known):
                row, event = _next(product, known.get(product), found[product], fallen)
                if event is not None and put_event(connection, event) is not None:
                    told.append(event)
                connection.execute(sa.insert(scores), [{"product": product, "at": at, **row}])
            return told

    def history(self, product: str, limit: int = 100) -> list[ScoreKept]:
        """How the score of a product changed, the newest first."""
        of_product = sa.select(scores).where(scores.c.product == product)
        newest = of_product.order_by(scores.c.number.desc()).limit(limit)
        with self._database.reading() as connection:
            return [ScoreKept(row.at, _told(row)) for row in connection.execute(newest)]

    def trends(self, rules: str, since: datetime) -> dict[str, Trend]:
        """By product the score that stood at a moment, or the first after it, of one rule set."""
        of_rules = scores.c.rules == rules
        stood = sa.select(sa.func.max(scores.c.number)).where(of_rules, scores.c.at <= since)
        first = sa.select(sa.func.min(scores.c.number)).where(of_rules, scores.c.at > since)
        wanted = stood.group_by(scores.c.product).union_all(first.group_by(scores.c.product))
        query = sa.select(scores).where(scores.c.number.in_(wanted)).order_by(scores.c.number)
        found: dict[str, Trend] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.product, Trend(row.at, _told(row)))
        return found


def _newest(connection: sa.Connection, products: Collection[str]) -> dict[str, sa.Row[Any]]:
    newest = sa.select(sa.func.max(scores.c.number)).group_by(scores.c.product)
    if len(products) == 1:
        newest = newest.where(scores.c.product == next(iter(products)))
    rows = connection.execute(sa.select(scores).where(scores.c.number.in_(newest)))
    return {row.product: row for row in rows}


def _changed(found: Mapping[str, ScoreTold], known: Mapping[str, sa.Row[Any]]) -> list[str]:
    return [
        product
        for product, told in found.items()
        if product not in known or _told(known[product]) != told
    ]


def _next(
    product: str, before: sa.Row[Any] | None, told: ScoreTold, fallen: Fallen
) -> tuple[dict[str, Any], Event | None]:
    """The next row of a product, and what to tell of it. A new rule set compares with nothing."""
    peak, event = told.overall, None
    if before is not None and before.rules == told.rules:
        peak = max(peak, before.peak)
        event = fallen(product, peak, _told(before), told)
        peak = told.overall if event is not None else peak
    row = {
        "rules": told.rules,
        "overall": told.overall,
        "dimensions": dict(told.dimensions),
        "peak": peak,
    }
    return row, event


def _told(row: sa.Row[Any]) -> ScoreTold:
    return ScoreTold(row.rules, row.overall, row.dimensions)
