"""What columns a source had when it was read: what changes in them is told at the next read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reads", sa.Column("source_columns", sa.JSON))


def downgrade() -> None:
    op.drop_column("reads", "source_columns")
