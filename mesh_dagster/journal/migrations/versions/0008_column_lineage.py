"""What the columns of products are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "column_lineage",
        sa.Column("product", sa.Text, primary_key=True),
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("columns", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("row_columns", sa.JSON(none_as_null=True)),
    )


def downgrade() -> None:
    op.drop_table("column_lineage")
