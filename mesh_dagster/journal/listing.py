"""The summary of a domain at a glance: without SQLAlchemy, and without creating a journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from mesh_dagster.journal.file import file_of, has_head, opened
from mesh_dagster.journal.summary import SQL, Summary, summaries_from_rows


def glance(url: str | Path, domain: str, products: Collection[str] | None = None) -> list[Summary]:
    """`Journal.summary` for a process that wants nothing else of the journal.

    A SQLite journal of this release is read with the standard library; one that does not exist
    is empty. Everything else is opened properly, and so is whatever fails, for its error.
    Raises what `open_journal` raises.
    """
    path = file_of(url, domain)
    if path is not None:
        if not path.exists():
            return []
        try:
            rows = _read(path)
        except sqlite3.Error:
            rows = None
        if rows is not None:
            return summaries_from_rows(rows, products)
    from mesh_dagster.journal.journal import open_journal

    with open_journal(url, domain) as journal:
        return journal.summary(products)


def _read(path: Path) -> list[tuple[object, ...]] | None:
    """The answer to the one query; None where the schema is not this release's."""
    with closing(opened(path)) as connection:
        if not has_head(connection):
            return None
        return connection.execute(SQL.format(decisions="decisions")).fetchall()
