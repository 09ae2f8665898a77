"""The decisions of owners about what waits for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rulings",
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
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
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
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("rulings_of_product", "rulings", ["product", "id"])
    op.create_index("rulings_of_subject", "rulings", ["subject"])
    begun = sa.text("state = 'begun'")
    op.create_index(
        "rulings_begun", "rulings", ["product"], sqlite_where=begun, postgresql_where=begun
    )


def downgrade() -> None:
    op.drop_table("rulings")
