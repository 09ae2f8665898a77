"""The table of the access log in a journal: who read what, allowed or not.

Moments and columns are kept as the very text that goes into the checksum of an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.access_chain import Row
from mesh_dagster.journal.access_log import AccessLog, Run
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.tables import metadata

access_log = sa.Table(
    "access_log",
    metadata,
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
    sa.Index("access_log_of_port", "port", "number"),
)


def log_of(database: Database) -> AccessLog:
    """The log in a journal that is open."""
    table = database.quoted(access_log.name)

    def transaction(writes: bool, work: Callable[[Run], Any]) -> Any:
        with database.writing() if writes else database.reading() as connection:

            def run(query: str, values: Sequence[Mapping[str, Any]]) -> Sequence[Row]:
                given = values[0] if len(values) == 1 else list(values)
                found = connection.execute(sa.text(query.format(log=table)), given)
                return [tuple(row) for row in found] if found.returns_rows else []

            return work(run)

    return AccessLog(transaction)
