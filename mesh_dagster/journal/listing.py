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


def file_of(url: str | Path, domain: str) -> Path | None:
    """The file of a journal on SQLite; None for every other."""
    if isinstance(url, Path):
        return url
    url = url.replace("{domain}", domain)
    prefix = next((each for each in _PREFIXES if url.startswith(each)), None)
    if prefix is None or "?" in url or url == prefix:
        return None
    return Path(unquote(url.removeprefix(prefix)))


def _read(path: Path) -> list[tuple[object, ...]] | None:
    """The answer to the one query; None where the schema is not this release's."""
    with closing(_opened(path)) as connection:
        if not _has_head(connection):
            return None
        return connection.execute(SQL.format(decisions="decisions")).fetchall()


def is_current(path: Path) -> bool:
    """Whether a journal's file has the schema of this release."""
    try:
        with closing(_opened(path)) as connection:
            return _has_head(connection)
    except sqlite3.Error:
        return False


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=30)


def _has_head(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return bool(found == (HEAD,))
