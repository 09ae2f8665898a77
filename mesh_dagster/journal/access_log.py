"""The access log of a journal, and of a person who has none: who read what, allowed or not.

It is only ever added to. What is plain SQL here is understood by both databases, so that a read
by a person, who does nothing else with the journal, goes by the standard library: importing
SQLAlchemy would take longer than what is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mesh_dagster.errors import JournalError
from mesh_dagster.journal.access_chain import COLUMNS, Head, Row, chained, row_of
from mesh_dagster.journal.file import file_of, is_current
from mesh_dagster.model.access import AuditEntry

REFUSED = "MESH-A004"
_PATIENCE = 30.0
_PAGE = 10_000

Run = Callable[[str, Sequence[Mapping[str, Any]]], Sequence[Row]]
"""Runs one statement with each of some values; the rows that it gave."""

_HEAD = "SELECT number, digest FROM {log} ORDER BY number DESC LIMIT 1"
_AT = "SELECT number, digest FROM {log} WHERE number = :number"
_ADD = """
INSERT INTO {log} (number, "at", principal, identity, port, publication, "columns", purpose, means,
                   allowed, reason, previous, digest)
VALUES (:number, :at, :principal, :identity, :port, :publication, :columns, :purpose, :means,
        :allowed, :reason, :previous, :digest)
"""
_ROWS = """
SELECT number, "at", principal, identity, port, publication, "columns", purpose, means, allowed,
       reason, previous, digest
FROM {log}
"""
_AFTER = _ROWS + "WHERE number > :number ORDER BY number LIMIT :most"
_NEWEST = _ROWS + "ORDER BY number DESC LIMIT :most"
_NEWEST_OF = _ROWS + "WHERE port = :port ORDER BY number DESC LIMIT :most"
_TABLE = """
CREATE TABLE IF NOT EXISTS access_log (
    number INTEGER NOT NULL PRIMARY KEY, "at" TEXT NOT NULL, principal TEXT NOT NULL,
    identity TEXT NOT NULL, port TEXT NOT NULL, publication INTEGER, "columns" TEXT, purpose TEXT,
    means TEXT NOT NULL, allowed INTEGER NOT NULL, reason TEXT NOT NULL, previous TEXT NOT NULL,
    digest TEXT NOT NULL
)
"""


class AccessLog:
    """One log. Every call is one transaction, and raises `JournalError` where it is refused."""

    def __init__(self, run: Callable[[bool, Callable[[Run], Any]], Any]) -> None:
        self._run = run
        """Runs some statements in one transaction, which may write or not."""

    def append(self, drafts: Sequence[AuditEntry]) -> list[AuditEntry]:
        """Add entries; they come back with their numbers and checksums."""

        def add(run: Run) -> list[AuditEntry]:
            entries = chained(_head(run(_HEAD, [{}])), drafts)
            if entries:
                run(_ADD, [dict(zip(COLUMNS, row_of(each), strict=True)) for each in entries])
            return entries

        found: list[AuditEntry] = self._run(True, add)
        return found

    def head(self, number: int | None = None) -> Head | None:
        """The newest entry, or the one of a number; None where there is none."""

        def ask(run: Run) -> Head | None:
            rows = run(_HEAD, [{}]) if number is None else run(_AT, [{"number": number}])
            return _head(rows) if rows else None

        found: Head | None = self._run(False, ask)
        return found

    def rows(self) -> Iterator[Row]:
        """All entries as they are kept, the oldest first."""
        last = 0
        while True:
            page = self._after(last)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def _after(self, number: int) -> Sequence[Row]:
        asked = {"number": number, "most": _PAGE}
        found: Sequence[Row] = self._run(False, lambda run: run(_AFTER, [asked]))
        return found

    def newest(self, most: int, port: str | None = None) -> Sequence[Row]:
        """The newest entries, of one port or of all."""
        asked = {"most": most, "port": port}
        query = _NEWEST if port is None else _NEWEST_OF
        found: Sequence[Row] = self._run(False, lambda run: run(query, [asked]))
        return found


def log_in(file: Path) -> AccessLog:
    """The log in a SQLite file, which the first write makes."""

    def transaction(writes: bool, work: Callable[[Run], Any]) -> Any:
        try:
            if not writes and not file.exists():
                return work(lambda query, values: [])
            with closing(_connected(file)) as connection:
                connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                if writes:
                    connection.execute(_TABLE)
                answer = work(lambda query, values: _ran(connection, query, values))
                connection.execute("COMMIT")
                return answer
        except (OSError, sqlite3.Error) as error:
            raise JournalError(
                f"the access log {file} cannot be read or written: {error}",
                code=REFUSED,
                where=str(file),
                fix=f"make {file.parent} a folder that this user may write to, with space",
            ) from error

    return AccessLog(transaction)


def file_log(url: str | Path, domain: str) -> AccessLog | None:
    """The log of a journal by the standard library; None where that is not how it is read."""
    file = file_of(url, domain)
    if file is None or not file.exists() or not is_current(file):
        return None
    return log_in(file)


def _connected(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _ran(
    connection: sqlite3.Connection, query: str, values: Sequence[Mapping[str, Any]]
) -> Sequence[Row]:
    query = query.format(log="access_log")
    if len(values) == 1:
        return connection.execute(query, values[0]).fetchall()
    connection.executemany(query, values)
    return []


def _head(rows: Sequence[Row]) -> Head:
    return Head(int(rows[0][0]), str(rows[0][1])) if rows else Head()
