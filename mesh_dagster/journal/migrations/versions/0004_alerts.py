"""Alerts: what happened, who is told of it by which message, incidents and signs of life."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _events()
    _messages()
    _deliveries()
    _incidents()
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("every", sa.Float, nullable=False),
        sa.Column("error", sa.Text),
    )


def downgrade() -> None:
    for table in ("heartbeats", "incidents", "cooling", "deliveries", "messages", "events"):
        op.drop_table(table)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("noticed", _moment(), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("objective", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("incident", sa.Text),
        sa.Column("affects", sa.JSON, nullable=False),
        sa.Column("routed", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_key", "events", ["key"], unique=True)
    unrouted = sa.text("not routed")
    op.create_index(
        "events_unrouted",
        "events",
        ["number"],
        sqlite_where=unrouted,
        postgresql_where=unrouted,
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("composed", _moment(), nullable=False),
        sa.Column("due", _moment(), nullable=False),
        sa.Column("ended", _moment()),
        sa.Column("error", sa.Text),
    )
    op.create_index("messages_by_state", "messages", ["state", "due"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("event", sa.BigInteger, sa.ForeignKey("events.number"), primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("message", sa.Text, sa.ForeignKey("messages.id")),
    )
    waiting = sa.text("message is null")
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["event"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("deliveries_of_message", "deliveries", ["message"])
    op.create_table(
        "cooling",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("told", _moment(), nullable=False),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("objective", sa.Text, nullable=False),
        sa.Column("began", _moment(), nullable=False),
        sa.Column("opened", sa.BigInteger, sa.ForeignKey("events.number"), nullable=False),
        sa.Column("closed", sa.BigInteger, sa.ForeignKey("events.number")),
        sa.Column("notified", _moment()),
    )
    op.create_index("incidents_of_product", "incidents", ["product", "opened"])
    still = sa.text("closed is null")
    op.create_index(
        "incidents_open", "incidents", ["product"], sqlite_where=still, postgresql_where=still
    )
