"""Lineage: run events, where they are to go, and which publications were told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _run_events()
    _deliveries()
    op.create_table(
        "told_publications",
        sa.Column("product", sa.Text, primary_key=True),
        sa.Column("publication", sa.BigInteger, primary_key=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("told", _moment()),
    )
    op.create_index("told_publications_of_run", "told_publications", ["run"])
    op.create_table(
        "sinks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("until", _moment(), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("sinks", "told_publications", "event_deliveries", "run_events"):
        op.drop_table(table)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _run_events() -> None:
    op.create_table(
        "run_events",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("publication", sa.BigInteger),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("recorded", _moment(), nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("run_events_by_key", "run_events", ["key"], unique=True)
    op.create_index("run_events_by_time", "run_events", ["recorded"])


def _deliveries() -> None:
    op.create_table(
        "event_deliveries",
        sa.Column("sink", sa.Text, primary_key=True),
        sa.Column("event", sa.BigInteger, sa.ForeignKey("run_events.number"), primary_key=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due", _moment(), nullable=False),
        sa.Column("ended", _moment()),
        sa.Column("error", sa.Text),
    )
    waiting, unsettled = sa.text("state = 'waiting'"), sa.text("state <> 'delivered'")
    op.create_index(
        "event_deliveries_waiting",
        "event_deliveries",
        ["sink", "event"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(
        "event_deliveries_unsettled",
        "event_deliveries",
        ["run", "event"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_index("event_deliveries_of_event", "event_deliveries", ["event"])
