"""The file of a journal on SQLite, for who reads it without SQLAlchemy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote

from mesh_dagster.journal.version import HEAD

_PREFIXES = ("sqlite:///", "sqlite+pysqlite:///")


def file_of(url: str | Path, domain: str) -> Path | None:
    """The file of a journal on SQLite; None for every other."""
    if isinstance(url, Path):
        return url
    url = url.replace("{domain}", domain)
    prefix = next((each for each in _PREFIXES if url.startswith(each)), None)
    if prefix is None or "?" in url or url == prefix:
        return None
    return Path(unquote(url.removeprefix(prefix)))


def is_current(path: Path) -> bool:
    """Whether a journal's file has the schema of this release."""
    try:
        with closing(opened(path)) as connection:
            return has_head(connection)
    except sqlite3.Error:
        return False


def opened(path: Path) -> sqlite3.Connection:
    """A journal's file by the standard library, to be read only. Raises `sqlite3.Error`."""
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=30)


def has_head(connection: sqlite3.Connection) -> bool:
    """Whether what was opened has the schema of this release. Raises `sqlite3.Error`."""
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return bool(found == (HEAD,))
