"""The tables of alerts, in the same schema as those of `tables`.

An event is routed once: a delivery for each recipient. Deliveries go out in messages; a message
is composed before its first try and stays as it is, so that its id is an idempotency key.
"""

from __future__ import annotations

import sqlalchemy as sa

from mesh_dagster.journal.tables import Moment, json_type, metadata, rising_number

events = sa.Table(
    "events",
    metadata,
    rising_number(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("noticed", Moment, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("details", json_type(), nullable=False),
    sa.Column("objective", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("incident", sa.Text),
    sa.Column("affects", json_type(), nullable=False),
    sa.Column("routed", sa.Boolean, nullable=False),
    sa.Index("events_by_key", "key", unique=True),
    sa.Index("events_of_subject", "subject", "number"),
    sa.Index("events_by_moment", "noticed"),
    sa.Index(
        "events_unrouted",
        "number",
        sqlite_where=sa.text("not routed"),
        postgresql_where=sa.text("not routed"),
    ),
    sqlite_autoincrement=True,
)
"""`at` is the mesh's time, `noticed` wall time."""

UNROUTED = sa.text("not events.routed")
"""In the words of the index: SQLite takes no other."""

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("composed", Moment, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("ended", Moment),
    sa.Column("error", sa.Text),
    sa.Index("messages_by_state", "state", "due"),
)
"""`due` is when a waiting message may be tried (again); a sender moves it ahead of its try."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("event", sa.BigInteger, sa.ForeignKey("events.number"), primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("message", sa.Text, sa.ForeignKey("messages.id")),
    sa.Index(
        "deliveries_waiting",
        "event",
        sqlite_where=sa.text("message is null"),
        postgresql_where=sa.text("message is null"),
    ),
    sa.Index("deliveries_of_message", "message"),
)

cooling = sa.Table(
    "cooling",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("told", Moment, nullable=False),
)
"""When a recipient was last told of a topic."""

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("objective", sa.Text, nullable=False),
    sa.Column("began", Moment, nullable=False),
    sa.Column("opened", sa.BigInteger, sa.ForeignKey("events.number"), nullable=False),
    sa.Column("closed", sa.BigInteger, sa.ForeignKey("events.number")),
    sa.Column("notified", Moment),
    sa.Index("incidents_of_product", "product", "opened"),
    sa.Index("incidents_of_objective", "product", "objective", "opened"),
    sa.Index(
        "incidents_open",
        "product",
        sqlite_where=sa.text("closed is null"),
        postgresql_where=sa.text("closed is null"),
    ),
)

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("every", sa.Float, nullable=False),
    sa.Column("error", sa.Text),
)
"""`every` is how often (in seconds) a sign of life is to be expected."""
