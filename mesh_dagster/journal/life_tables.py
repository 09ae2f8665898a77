"""The table of what became of products in their life, in the same schema as those of `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from mesh_dagster.journal.tables import Moment, json_type, metadata

transitions = sa.Table(
    "transitions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("evidence", json_type(), nullable=False),
    sa.Column("sunset", sa.Text),
    sa.Column("instead", sa.Text),
    sa.Index("transitions_of_product", "product", "id"),
)
"""`id` is sortable by time. A row is never changed: what was decided stays decided."""
