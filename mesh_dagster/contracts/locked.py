"""DuckDB for data and queries of anybody: it reaches the files of one folder and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
"""Given when it is opened: a connection that somebody else in this process has to the same file
has others, so that DuckDB refuses, and theirs is not locked behind their back."""


def locked(
    database: Path | None = None, *, folder: str | None = None, **settings: Any
) -> duckdb.DuckDBPyConnection:
    """A connection to a database file, read-only, or to none, whose settings stay as they are.

    Without a folder of its own it reaches that of temporary files, where audits put what their
    queries read. `settings` are DuckDB's.
    """
    import duckdb

    where = ":memory:" if database is None else str(database)
    connection = duckdb.connect(where, read_only=database is not None, config=_ALONE)
    if connection.sql("select current_setting('lock_configuration')").fetchall() == [(True,)]:
        return connection  # connections of one process to one file share their settings
    for setting, value in {
        "TimeZone": "UTC",
        **settings,
        "allowed_directories": [folder or tempfile.gettempdir()],
        "enable_external_access": False,
        "lock_configuration": True,
    }.items():
        connection.execute(f"set {setting} = $value", {"value": value})
    return connection
