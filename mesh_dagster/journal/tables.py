"""The journal's tables as they are at `HEAD`.

The migrations create them; this module only names their columns for queries, and a test holds
the two together. Decisions are append-only: a later decision about the same partition of the
same attempt is a new `revision`, and `current` marks the newest. Three more flags are kept up
to date with every decision, so that a summary never walks through the history:

- `shown`: its data is what the port shows for the partition now;
- `latest`: it is the newest audit of the partition that counts, published or not;
- `standing`: `shown`, `latest` or an open quarantine; the rows that a summary reads.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock

WHOLE = ""
"""How a partition, or a port, that has no name is stored: a key column cannot be null."""


class Moment(sa.TypeDecorator[datetime]):
    """A moment, stored in UTC and given back aware; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else clock.in_utc(value)


def rising_number() -> sa.Column[int]:
    """The key of a table whose rows are counted in the order in which they came."""
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("number", kind, primary_key=True, autoincrement=True)


def json_type() -> sa.JSON:
    """A value of JSON; None is SQL's null."""
    return sa.JSON(none_as_null=True)


metadata = sa.MetaData()

versions = sa.Table(
    "alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True)
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("base", sa.BigInteger),
    sa.Column("partitions", json_type()),
    sa.Column("seconds", sa.Float),
    sa.Column("error", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.BigInteger),
    sa.Column("process", sa.Text),
    sa.Column("begun", Moment, nullable=False),
    sa.Column("healed", sa.Boolean, nullable=False),
    sa.Index("attempts_of_product", "product", "id"),
    sa.Index(
        "attempts_running",
        "product",
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    ),
)
"""`begun` is wall time and tells whether an owner can still be alive; `started_at` is the
mesh's time. `healed`: recorded from storage, because the attempt's own process did not."""

staged = sa.Table(
    "staged",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("port", sa.Text, primary_key=True),
    sa.Column("files", json_type(), nullable=False),
)

reads = sa.Table(
    "reads",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("port", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("publication", sa.Text),
    sa.Column("number", sa.BigInteger),
    sa.Column("partitions", json_type()),
    sa.Column("source_columns", json_type()),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("event_min", Moment),
    sa.Column("event_max", Moment),
    sa.Column("publication", sa.BigInteger),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("warned", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("current", sa.Boolean, nullable=False),
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Column("latest", sa.Boolean, nullable=False),
    sa.Column("standing", sa.Boolean, nullable=False),
    sa.Index("decisions_of_partition", "product", "partition", "attempt"),
    sa.Index(
        "decisions_standing",
        "product",
        sqlite_where=sa.text("standing"),
        postgresql_where=sa.text("standing"),
    ),
)

_UNSETTLED = "{0}standing and ({0}warned > 0 or {0}failed > 0 or {0}outcome = 'quarantined')"
UNSETTLED = sa.text(_UNSETTLED.format("decisions."))
"""What of the decisions an owner may have to look at. Its index is small however many partitions
stand, and serves a query that has these very words."""

sa.Index(
    "decisions_unsettled",
    decisions.c.product,
    decisions.c.partition,
    decisions.c.attempt,
    sqlite_where=sa.text(_UNSETTLED.format("")),
    postgresql_where=sa.text(_UNSETTLED.format("")),
)

results = sa.Table(
    "results",
    metadata,
    sa.Column("attempt", sa.Text, primary_key=True),
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("column_name", sa.Text),
    sa.Column("dimension", sa.Text),
    sa.Column("checked", sa.BigInteger),
    sa.Column("failed", sa.BigInteger),
    sa.Column("port", sa.Text),
    sa.Column("of_partition", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("details", json_type()),
    sa.ForeignKeyConstraint(
        ["attempt", "partition", "revision"],
        ["decisions.attempt", "decisions.partition", "decisions.revision"],
    ),
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("previous", sa.Text),
    sa.Column("at", Moment, nullable=False),
    sa.Column("attempt", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("ports", json_type(), nullable=False),
    sa.Column("partitions", json_type()),
    sa.Column("contracts", json_type(), nullable=False),
    sa.Column("empty", json_type(), nullable=False),
    sa.Index("publications_of_product", "product", "number"),
)
