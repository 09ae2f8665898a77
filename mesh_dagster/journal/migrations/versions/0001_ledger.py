"""The ledger: attempts, what they staged and read, decisions, rule results, publications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _attempts()
    _staged_and_read()
    _decisions()
    _results()
    _publications()


def downgrade() -> None:
    for table in ("publications", "results", "decisions", "reads", "staged", "attempts"):
        op.drop_table(table)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("base", sa.BigInteger),
        sa.Column("partitions", sa.JSON),
        sa.Column("seconds", sa.Float),
        sa.Column("error", sa.Text),
        sa.Column("host", sa.Text),
        sa.Column("pid", sa.BigInteger),
        sa.Column("process", sa.Text),
        sa.Column("begun", _moment(), nullable=False),
        sa.Column("healed", sa.Boolean, nullable=False),
    )
    op.create_index("attempts_of_product", "attempts", ["product", "id"])
    running = sa.text("state = 'running'")
    op.create_index(
        "attempts_running",
        "attempts",
        ["product"],
        sqlite_where=running,
        postgresql_where=running,
    )


def _staged_and_read() -> None:
    op.create_table(
        "staged",
        sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("files", sa.JSON, nullable=False),
    )
    op.create_table(
        "reads",
        sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("port", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("publication", sa.Text),
        sa.Column("number", sa.BigInteger),
        sa.Column("partitions", sa.JSON),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
        sa.Column("partition", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("event_min", _moment()),
        sa.Column("event_max", _moment()),
        sa.Column("publication", sa.BigInteger),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("warned", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("decided_at", _moment(), nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("latest", sa.Boolean, nullable=False),
        sa.Column("standing", sa.Boolean, nullable=False),
    )
    op.create_index("decisions_of_partition", "decisions", ["product", "partition", "attempt"])
    standing = sa.text("standing")
    op.create_index(
        "decisions_standing",
        "decisions",
        ["product"],
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("attempt", sa.Text, primary_key=True),
        sa.Column("partition", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("column_name", sa.Text),
        sa.Column("dimension", sa.Text),
        sa.Column("checked", sa.BigInteger),
        sa.Column("failed", sa.BigInteger),
        sa.Column("port", sa.Text),
        sa.Column("of_partition", sa.Text),
        sa.Column("place", sa.Text),
        sa.ForeignKeyConstraint(
            ["attempt", "partition", "revision"],
            ["decisions.attempt", "decisions.partition", "decisions.revision"],
        ),
    )


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("product", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.Text),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("attempt", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("ports", sa.JSON, nullable=False),
        sa.Column("partitions", sa.JSON),
        sa.Column("contracts", sa.JSON, nullable=False),
        sa.Column("empty", sa.JSON, nullable=False),
    )
    op.create_index("publications_of_product", "publications", ["product", "number"])
