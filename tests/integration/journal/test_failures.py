"""A database that says no: what is wrong, where, what to do, and no damage."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from mesh_dagster.errors import JournalError
from mesh_dagster.journal import glance
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.journal import open_journal

NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flights and more.db"


@pytest.fixture
def filled(path, make):
    """The URL of a closed SQLite journal that holds one attempt."""
    url = f"sqlite:///{path}"
    with open_journal(url, "flights") as journal:
        make.finished(journal, *(make.decision(f"{i:03}") for i in range(300)))
    return url


@pytest.mark.parametrize("look", [open_journal, glance])
def test_a_file_that_is_no_database_is_named_with_its_repair(path, look):
    path.write_bytes(b"this is a text and no database at all" * 200)
    with pytest.raises(JournalError, match="the journal is corrupt") as caught:
        look(f"sqlite:///{path}", "flights")
    assert caught.value.code == "MESH-M030"
    assert caught.value.where == str(path)
    subprocess.run(caught.value.fix, shell=True, check=True)
    open_journal(f"sqlite:///{path}", "flights").close()
    assert path.with_name(path.name + ".broken").exists()


def test_damaged_pages_are_corrupt_and_not_an_empty_answer(filled, path):
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (size - 8192))
    with pytest.raises(JournalError) as caught, open_journal(filled, "flights") as journal:
        journal.attempts("flights/departures/v1")
    assert caught.value.code == "MESH-M030"


@pytest.fixture
def unprivileged():
    """A folder that can be made read-only: whoever runs the tests, root's rights are put off."""
    with tempfile.TemporaryDirectory(prefix="mesh-journal-") as name:
        folder = Path(name)
        root = os.geteuid() == 0
        folder.chmod(0o755)
        yield folder, lambda: os.seteuid(NOBODY) if root else None
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_read_only_folder_is_refused(unprivileged, make):
    folder, drop = unprivileged
    url = f"sqlite:///{folder}/flights.db"
    with open_journal(url, "flights") as journal:
        make.finished(journal, make.decision("a"))
    (folder / "flights.db").chmod(0o444)
    folder.chmod(0o555)
    drop()
    with (
        pytest.raises(JournalError, match="cannot be opened or written") as caught,
        open_journal(url, "flights") as journal,
    ):
        make.begun(journal)
    assert caught.value.code == "MESH-M032"
    with pytest.raises(JournalError, match="folder cannot be created"):
        open_journal(f"sqlite:///{folder}/new/flights.db", "flights")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(JournalError) as caught:
        open_journal(f"sqlite:///{tmp_path}", "flights")
    assert caught.value.code == "MESH-M032"


def test_a_full_disk_keeps_what_was_there(filled, make):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_journal(filled, "flights") as journal:
        before = journal.attempts("flights/departures/v1")
        attempt = make.begun(journal)
        decisions = [make.decision(f"{i:05}") for i in range(3000)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, limits[1]))
        try:
            with pytest.raises(JournalError) as caught:
                journal.finish(attempt, decisions)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.code == "MESH-M032"
        assert journal.attempt(attempt).decisions == ()
        assert journal.attempts("flights/departures/v1")[1:] == before
        journal.finish(attempt, decisions)
        assert len(journal.attempt(attempt).decisions) == 3000


def test_a_journal_locked_for_too_long_says_so_and_reads_on(url, domain, make):
    with open_journal(url, domain, patience=0.2) as journal:
        attempt = make.finished(journal, make.decision("a"))
        other = Database(url, domain)
        with other.writing():
            with pytest.raises(JournalError, match="stayed locked") as caught:
                make.begun(journal)
            assert journal.attempt(attempt).decisions
        other.close()
        assert caught.value.code == "MESH-M033"
        make.begun(journal)


def test_a_server_that_is_not_there_is_named_without_its_password():
    url = "postgresql+psycopg://mesh:hunter2@127.0.0.1:1/mesh?connect_timeout=2"
    with pytest.raises(JournalError, match="cannot be reached") as caught:
        open_journal(url, "flights")
    assert caught.value.code == "MESH-M034"
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_database_that_does_not_exist_is_unreachable(postgresql):
    url = sa.make_url(postgresql).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(JournalError, match='database "nowhere" does not exist') as caught:
        open_journal(url, "flights")
    assert caught.value.code == "MESH-M034"


def test_a_read_only_server_is_refused(postgresql, make):
    open_journal(postgresql, "read_only").close()
    url = f"{postgresql}&options=-cdefault_transaction_read_only%3Don"
    with open_journal(url, "read_only") as journal:
        assert journal.summary() == []
        with pytest.raises(JournalError, match="read-only transaction") as caught:
            make.begun(journal)
    assert caught.value.code == "MESH-M032"


def test_a_server_that_restarted_is_reconnected(postgresql, make):
    with open_journal(postgresql, "restarted") as journal:
        make.finished(journal, make.decision("a"))
        engine = sa.create_engine(postgresql)
        with engine.connect() as connection:
            others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
            connection.execute(
                sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
            )
        engine.dispose()
        assert len(journal.summary()) == 1


@pytest.mark.parametrize(
    "bad", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "sqlite:///"]
)
def test_a_url_that_is_no_place_for_a_journal_says_what_one_is(bad):
    with pytest.raises(JournalError, match="is no place for a journal") as caught:
        open_journal(bad, "flights")
    assert caught.value.code == "MESH-M036"


@pytest.mark.parametrize("name", ["pg_catalog", "information_schema"])
def test_a_domain_named_like_a_system_schema_is_refused_on_postgresql(postgresql, name):
    with pytest.raises(JournalError, match="keeps that schema for itself"):
        open_journal(postgresql, name)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_closed_journal_holds_no_file(filled, path):
    def is_held() -> bool:
        links = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
        return any(str(path) in str(each.readlink()) for each in links)

    with open_journal(filled, "flights") as journal:
        journal.summary()
        assert is_held()
    assert not is_held()
