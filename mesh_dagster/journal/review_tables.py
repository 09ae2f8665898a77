"""The tables of owners' decisions, in the same schema as those of `tables`.

A row of `rulings` is written before anything is done about the decision, and updated once, when
it has ended.
"""

from __future__ import annotations

import sqlalchemy as sa

from mesh_dagster.journal.tables import Moment, metadata

rulings = sa.Table(
    "rulings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("review", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("until", Moment),
    sa.Column("covers", sa.JSON, nullable=False),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("publication", sa.BigInteger),
    sa.Column("error", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.BigInteger),
    sa.Column("process", sa.Text),
    sa.Column("begun", Moment, nullable=False),
    sa.Index("rulings_of_product", "product", "id"),
    sa.Index("rulings_of_subject", "subject"),
    sa.Index(
        "rulings_begun",
        "product",
        sqlite_where=sa.text("state = 'begun'"),
        postgresql_where=sa.text("state = 'begun'"),
    ),
)
"""`review` is the id of what was decided on, `subject` its first part. `begun` is wall time.
Without a `host` it waits for whoever carries it on."""

waiting = sa.Table(
    "waiting",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
)
"""What is open in the inbox of owners, by the first part of its id, and since when it is."""
