"""What a result tells besides counts: columns, what is at stake, when it was evaluated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("results", sa.Column("details", sa.JSON))


def downgrade() -> None:
    op.drop_column("results", "details")
