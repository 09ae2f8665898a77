"""The tables of lineage, in the same schema as those of `tables`.

An event is kept as it is sent, packed, for a bounded time. It has a delivery for each sink that
there was when it was recorded; of one run deliveries go out in the order of their events.
"""

from __future__ import annotations

import sqlalchemy as sa

from mesh_dagster.journal.tables import Moment, metadata, rising_number

run_events = sa.Table(
    "run_events",
    metadata,
    rising_number(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("publication", sa.BigInteger),
    sa.Column("at", Moment, nullable=False),
    sa.Column("recorded", Moment, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sa.Index("run_events_by_key", "key", unique=True),
    sa.Index("run_events_by_time", "recorded"),
    sqlite_autoincrement=True,
)
"""`at` is the mesh's time, `recorded` wall time. `packed` is the event as gzip."""

event_deliveries = sa.Table(
    "event_deliveries",
    metadata,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("event", sa.BigInteger, sa.ForeignKey("run_events.number"), primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("ended", Moment),
    sa.Column("error", sa.Text),
    sa.Index(
        "event_deliveries_waiting",
        "sink",
        "event",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "event_deliveries_unsettled",
        "run",
        "event",
        sqlite_where=sa.text("state <> 'delivered'"),
        postgresql_where=sa.text("state <> 'delivered'"),
    ),
    sa.Index("event_deliveries_of_event", "event"),
)
"""`due` is when it may be tried (again); who sends moves it ahead of the try."""

told_publications = sa.Table(
    "told_publications",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("publication", sa.BigInteger, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("told", Moment),
    sa.Index("told_publications_of_run", "run"),
)
"""When the last of the sinks that there were had the lineage of a publication, in the mesh's time:
as long after the event's own moment as it took. This outlives the event, which is kept for a
bounded time."""

sinks = sa.Table(
    "sinks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)
"""The sinks that take nothing at present, and until when they are left alone."""
