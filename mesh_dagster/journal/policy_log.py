"""When policies were asked and when they fired: a row a policy and product, not one each time.

So that those that never fire, or whom everybody is let off, can be found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from mesh_dagster.journal.database import Database
from mesh_dagster.journal.tables import WHOLE, Moment, metadata

policy_log = sa.Table(
    "policy_log",
    metadata,
    sa.Column("policy", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("since", Moment, nullable=False),
    sa.Column("fired", Moment),
    sa.Column("waived", Moment),
)
"""`fired` and `waived` are the last moments at which it stood, and was let off. A row without a
product says since when the policy was asked at all."""


_FEW = 100


class Firing(NamedTuple):
    """A policy had something against a product, which was let off it or not."""

    policy: str
    product: str
    waived: bool


@dataclass(frozen=True, slots=True)
class Fired:
    """Since when a policy was asked, when it last fired, and when nobody was let off then."""

    since: datetime
    last: datetime | None = None
    unwaived: datetime | None = None

    def __or__(self, other: Fired) -> Fired:
        """What two domains know together."""
        return Fired(
            min(self.since, other.since),
            _later(self.last, other.last),
            _later(self.unwaived, other.unwaived),
        )


class PolicyLog:
    """The log of one domain. Each call is one transaction, and raises `JournalError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, at: datetime, asked: Collection[str], found: Iterable[Firing]) -> None:
        """Record that policies were asked, and which of them fired."""
        wanted: dict[tuple[str, str], dict[str, datetime]] = {(each, WHOLE): {} for each in asked}
        for each in found:
            moments = wanted.setdefault((each.policy, each.product), {})
            moments["waived" if each.waived else "fired"] = at
        with self._database.writing() as connection:
            known = _known(connection, {product for _, product in wanted})
            new = [
                {"policy": policy, "product": product, "since": at, "fired": None, "waived": None}
                | moments
                for (policy, product), moments in wanted.items()
                if (policy, product) not in known
            ]
            if new:
                connection.execute(sa.insert(policy_log), new)
            for column in ("fired", "waived"):
                changed = [
                    {"p": policy, "q": product, "at": at}
                    for (policy, product), moments in wanted.items()
                    if (policy, product) in known and column in moments
                ]
                if changed:
                    _touch(connection, column, changed)

    def fired(self) -> Mapping[str, Fired]:
        """What is known of each policy that was ever asked."""
        last = sa.func.max(policy_log.c.fired).label("fired")
        waived = sa.func.max(policy_log.c.waived).label("waived")
        since = sa.func.min(policy_log.c.since).label("since")
        query = sa.select(policy_log.c.policy, since, last, waived).group_by(policy_log.c.policy)
        with self._database.reading() as connection:
            return {
                row.policy: Fired(row.since, _later(row.fired, row.waived), row.fired)
                for row in connection.execute(query)
            }


def _known(connection: sa.Connection, products: Collection[str]) -> set[tuple[str, str]]:
    """The rows that there are; of few products only theirs are looked at."""
    query = sa.select(policy_log.c.policy, policy_log.c.product)
    if len(products) <= _FEW:
        query = query.where(policy_log.c.product.in_(products))
    return {(row.policy, row.product) for row in connection.execute(query)}


def _touch(connection: sa.Connection, column: str, changed: list[dict[str, object]]) -> None:
    of_row = (policy_log.c.policy == sa.bindparam("p")) & (
        policy_log.c.product == sa.bindparam("q")
    )
    told = sa.update(policy_log).where(of_row).values({column: sa.bindparam("at")})
    connection.execute(told, changed)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)
