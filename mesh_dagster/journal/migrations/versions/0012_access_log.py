"""Who read what, allowed or not: an append-only log, each entry tied to the one before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_log",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("port", sa.Text, nullable=False),
        sa.Column("publication", sa.BigInteger),
        sa.Column("columns", sa.Text),
        sa.Column("purpose", sa.Text),
        sa.Column("means", sa.Text, nullable=False),
        sa.Column("allowed", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_index("access_log_of_port", "access_log", ["port", "number"])


def downgrade() -> None:
    op.drop_table("access_log")
