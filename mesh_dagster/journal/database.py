"""A connection to the ledger's database: one writer at a time, readers see one moment.

SQLite admits one writer by itself, when a write says so at its beginning; on PostgreSQL an
advisory lock does the same for a domain. So two decisions about one partition never cross, and
nothing needs a retry. Writes take milliseconds.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mesh_dagster.errors import JournalError, MissingExtra
from mesh_dagster.journal.failure import BAD_URL, REFUSED, journal_error_from

PATIENCE = 30.0
"""Seconds that a write waits for another process's."""

_WRITES = "mesh_writes"


class Database:
    """One domain's database: `reading` and `writing` are transactions, whole or not at all.

    Raises `JournalError` for whatever the database says no to, `MissingExtra` where the driver
    is not installed.
    """

    def __init__(self, url: str | Path, domain: str, patience: float = PATIENCE) -> None:
        self.url = _parsed(url, domain)
        self.schema = None if self.is_sqlite else _schema(domain, self.shown)
        self._patience = patience
        self._engine = self._sqlite() if self.is_sqlite else self._postgresql()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction in which every query sees the same moment."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with (
            self._translated(),
            self._engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer of this journal overlaps."""
        with (
            self._translated(),
            self._engine.connect() as connection,
            connection.execution_options(**{_WRITES: True}).begin(),
        ):
            if not self.is_sqlite:
                self._wait_for_turn(connection)
            yield connection

    def quoted(self, table: str) -> str:
        """A table's full name, for the one query that is plain SQL."""
        preparer = self._engine.dialect.identifier_preparer
        return preparer.format_table(sa.table(table, schema=self.schema))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise journal_error_from(error, self.url) from error

    def _wait_for_turn(self, connection: sa.Connection) -> None:
        patience = f"{int(self._patience * 1000)}ms"
        turn = int.from_bytes(
            hashlib.sha256((self.schema or "").encode()).digest()[:8], signed=True
        )
        connection.execute(
            sa.select(
                sa.func.set_config("lock_timeout", patience, True),
                sa.func.pg_advisory_xact_lock(turn),
            )
        )

    def _sqlite(self) -> sa.Engine:
        path = Path(self.url.database or "")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(
                f"the journal's folder cannot be created: {error}",
                code=REFUSED,
                where=str(path.parent),
                fix=f"mkdir -p {path.parent}",
            ) from error
        engine = sa.create_engine(self.url, connect_args={"timeout": self._patience})
        sa.event.listen(engine, "connect", self._prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _prepare_sqlite(self, connection: sqlite3.Connection, _: Any) -> None:
        # Python's own transaction handling would begin too late, after the first read.
        connection.isolation_level = None
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            _use_wal(connection, self._patience)
        except sqlite3.Error:
            connection.close()
            raise

    def _postgresql(self) -> sa.Engine:
        wanted = {} if "connect_timeout" in self.url.query else {"connect_timeout": 10}
        try:
            engine = sa.create_engine(self.url, connect_args=wanted, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise MissingExtra("a journal on PostgreSQL", "postgres") from error
        return engine.execution_options(schema_translate_map={None: self.schema})


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Set write-ahead logging, once in the life of a file.

    SQLite's busy handler does not cover this, and several processes may be the first.
    """
    deadline = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _parsed(url: str | Path, domain: str) -> sa.URL:
    if isinstance(url, Path):
        return sa.URL.create("sqlite+pysqlite", database=str(url))
    try:
        parsed = sa.make_url(url.replace("{domain}", domain))
    except sa.exc.ArgumentError:
        raise _not_a_url("it cannot be read as a URL") from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise _not_a_url(f"it names {backend!r}")
    if parsed.database in (None, "", ":memory:"):
        raise _not_a_url("it names no file")
    return parsed.set(drivername="sqlite+pysqlite")


def _not_a_url(why: str) -> JournalError:
    return JournalError(
        f"the `journal` of mesh.yaml is no place for a journal: {why}; it is "
        "sqlite:///<path> or postgresql+psycopg://<user>:<password>@<host>/<database>",
        code=BAD_URL,
        fix="journal: sqlite:///.mesh/journals/{domain}.db",
    )


def _schema(domain: str, shown: str) -> str:
    if domain.startswith("pg_") or domain == "information_schema":
        raise JournalError(
            f"a domain named {domain!r} cannot have a journal on PostgreSQL, which keeps "
            "that schema for itself",
            code=BAD_URL,
            where=shown,
            fix="rename the domain, or give it a journal on SQLite",
        )
    return domain
