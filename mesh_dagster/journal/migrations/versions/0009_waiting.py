"""Since when things wait for their owner, and what of the decisions may have to be looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    unsettled = sa.text("standing and (warned > 0 or failed > 0 or outcome = 'quarantined')")
    op.create_index(
        "decisions_unsettled",
        "decisions",
        ["product", "partition", "attempt"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_index("events_of_subject", "events", ["subject", "number"])
    op.create_index("events_by_moment", "events", ["noticed"])
    op.create_index("incidents_of_objective", "incidents", ["product", "objective", "opened"])


def downgrade() -> None:
    op.drop_index("incidents_of_objective", "incidents")
    op.drop_index("events_by_moment", "events")
    op.drop_index("events_of_subject", "events")
    op.drop_index("decisions_unsettled", "decisions")
    op.drop_table("waiting")
