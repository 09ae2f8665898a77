"""The summary of a domain at a glance: without SQLAlchemy, and without creating a journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote

from mesh_dagster.journal.summary import SQL, Summary, summaries_from_rows
from mesh_dagster.journal.version import HEAD

_PREFIXES = ("sqlite:///", "sqlite+pysqlite:///")


def glance(url: str | Path, domain: str, products: Collection[str] | None = None) -> list[Summary]:
    """`Journal.summary` for a process that wants nothing else of the journal.

    A SQLite journal of this release is read with the standard library; one that does not exist
    is empty. Everything else is opened properly, and so is whatever fails, for its error.
    Raises what `open_journal` raises.
    """
    path = url if isinstance(url, Path) else _file(url.replace("{domain}", domain))
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


def _file(url: str) -> Path | None:
    prefix = next((each for each in _PREFIXES if url.startswith(each)), None)
    if prefix is None or "?" in url or url == prefix:
        return None
    return Path(unquote(url.removeprefix(prefix)))


def _read(path: Path) -> list[tuple[object, ...]] | None:
    """The answer to the one query; None where the schema is not this release's."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
        if connection.execute("SELECT version_num FROM alembic_version").fetchone() != (HEAD,):
            return None
        return connection.execute(SQL.format(decisions="decisions")).fetchall()
