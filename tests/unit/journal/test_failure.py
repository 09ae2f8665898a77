"""What a driver says becomes a code, a place and a way out."""

from __future__ import annotations

import pickle
import sqlite3

import pytest
import sqlalchemy as sa

from mesh_dagster.journal.failure import journal_error_from

FILE = sa.make_url("sqlite:////srv/mesh/it's here.db")
SERVER = sa.make_url("postgresql+psycopg://mesh:hunter2@db.example/mesh")


class Said(Exception):
    """As a driver's error, with its own code for it."""

    def __init__(self, **codes: object) -> None:
        super().__init__("the words\n  of the driver")
        self.__dict__.update(codes)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (sqlite3.SQLITE_CORRUPT_INDEX, "MESH-M030"),
        (sqlite3.SQLITE_NOTADB, "MESH-M030"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "MESH-M033"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "MESH-M032"),
        (sqlite3.SQLITE_IOERR_WRITE, "MESH-M032"),
        (sqlite3.SQLITE_FULL, "MESH-M032"),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "MESH-M035"),
        (sqlite3.SQLITE_TOOBIG, "MESH-M037"),
    ],
)
def test_sqlite_codes_with_their_extensions(number, code):
    error = journal_error_from(sa.exc.DBAPIError("", {}, Said(sqlite_errorcode=number)), FILE)
    assert error.code == code
    assert error.where == "/srv/mesh/it's here.db"
    assert "the words of the driver" in error.what


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("08006", "MESH-M034"),
        ("28P01", "MESH-M034"),
        ("57P01", "MESH-M034"),
        (None, "MESH-M034"),
        ("55P03", "MESH-M033"),
        ("25006", "MESH-M032"),
        ("53100", "MESH-M032"),
        ("XX001", "MESH-M030"),
        ("23505", "MESH-M035"),
        ("42P01", "MESH-M037"),
    ],
)
def test_postgresql_states(state, code):
    error = journal_error_from(sa.exc.OperationalError("", {}, Said(sqlstate=state)), SERVER)
    assert error.code == code
    assert "hunter2" not in str(error)
    assert "db.example" in str(error)


def test_a_path_in_a_command_is_quoted():
    error = journal_error_from(Said(sqlite_errorcode=sqlite3.SQLITE_NOTADB), FILE)
    assert error.fix is not None
    assert "'/srv/mesh/it'\"'\"'s here.db'" in error.fix


def test_it_crosses_processes():
    error = journal_error_from(Said(sqlite_errorcode=sqlite3.SQLITE_BUSY), FILE)
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.where, again.fix) == (error.code, error.where, error.fix)
