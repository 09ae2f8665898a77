"""When policies were asked, and when they fired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_log",
        sa.Column("policy", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired", sa.DateTime(timezone=True)),
        sa.Column("waived", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    op.drop_table("policy_log")
