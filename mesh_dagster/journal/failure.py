"""What went wrong in a database, as a `JournalError` that says how to repair it."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

import sqlalchemy as sa

from mesh_dagster.errors import JournalError

CORRUPT, NEWER, REFUSED, LOCKED = "MESH-M030", "MESH-M031", "MESH-M032", "MESH-M033"
UNREACHABLE, CONTRADICTION, BAD_URL, FAILED = "MESH-M034", "MESH-M035", "MESH-M036", "MESH-M037"

_SQLITE = {
    sqlite3.SQLITE_CORRUPT: CORRUPT,
    sqlite3.SQLITE_NOTADB: CORRUPT,
    sqlite3.SQLITE_CONSTRAINT: CONTRADICTION,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: REFUSED,
    sqlite3.SQLITE_CANTOPEN: REFUSED,
    sqlite3.SQLITE_FULL: REFUSED,
    sqlite3.SQLITE_IOERR: REFUSED,
    sqlite3.SQLITE_PERM: REFUSED,
    sqlite3.SQLITE_AUTH: REFUSED,
}

_SQLSTATE = {
    "55P03": LOCKED,
    "57014": LOCKED,
    "XX001": CORRUPT,
    "XX002": CORRUPT,
    "25006": REFUSED,
    "42501": REFUSED,
    "53100": REFUSED,
    "3D000": UNREACHABLE,
}
_SQLSTATE_CLASS = {
    "08": UNREACHABLE,
    "23": CONTRADICTION,
    "28": UNREACHABLE,
    "53": UNREACHABLE,
    "57": UNREACHABLE,
}


def journal_error_from(error: Exception, url: sa.URL) -> JournalError:
    """Translate what the driver said. The message never holds the URL's password."""
    cause = getattr(error, "orig", None) or error
    reason = " ".join(str(cause).split()) or type(cause).__name__
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite":
        return _from_sqlite(cause, reason, url.database or shown)
    state = getattr(cause, "sqlstate", None)
    return _from_postgresql(state, isinstance(error, sa.exc.OperationalError), reason, shown)


def _from_sqlite(cause: BaseException, reason: str, path: str) -> JournalError:
    code = _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, FAILED)
    quoted, folder = shlex.quote(path), shlex.quote(str(Path(path).parent))
    said = {
        CORRUPT: ("is corrupt", rebuild(quoted)),
        CONTRADICTION: ("has it otherwise", None),
        LOCKED: ("stayed locked by another process", f"fuser -v {quoted}"),
        REFUSED: ("cannot be opened or written", f"ls -la {folder} && df -h {folder}"),
    }
    what, fix = said.get(code, ("refused", f"sqlite3 {quoted} 'pragma integrity_check'"))
    return JournalError(f"the journal {what}: {reason}", code=code, where=path, fix=fix)


def _from_postgresql(state: str | None, operational: bool, reason: str, shown: str) -> JournalError:
    code = _SQLSTATE.get(state or "") or _SQLSTATE_CLASS.get((state or "")[:2])
    if code is None:
        code = UNREACHABLE if state is None and operational else FAILED
    said = {
        CORRUPT: "is corrupt",
        CONTRADICTION: "has it otherwise",
        LOCKED: "stayed locked by another process",
        REFUSED: "cannot be written",
        UNREACHABLE: "cannot be reached",
    }
    return JournalError(
        f"the journal {said.get(code, 'refused')}: {reason}",
        code=code,
        where=shown,
        fix=f"psql '{shown.replace('+psycopg', '')}' -c 'select 1'",
    )


def rebuild(quoted: str) -> str:
    """The commands that set a broken journal aside; the next start rebuilds it from storage."""
    return f"mv {quoted} {quoted}.broken && rm -f {quoted}-wal {quoted}-shm"


def newer_schema(found: str, known: str, where: str) -> JournalError:
    """The journal was written by a newer release; reading it could misread it."""
    return JournalError(
        f"the journal has schema {found}, this release of mesh-dagster knows up to {known}",
        code=NEWER,
        where=where,
        fix="pip install --upgrade mesh-dagster",
    )


def contradiction(what: str) -> JournalError:
    """What is to be recorded contradicts what the journal has."""
    return JournalError(what, code=CONTRADICTION)
