"""The tables are migrated from the first version on, by whoever opens first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from integration.racing import at_once

from mesh_dagster.errors import JournalError
from mesh_dagster.journal import glance
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.journal import open_journal
from mesh_dagster.journal.tables import metadata, versions
from mesh_dagster.journal.upgrade import MIGRATIONS
from mesh_dagster.journal.version import HEAD

OPENER = Path(__file__).with_name("opener.py")


@pytest.fixture
def database(url, domain):
    opened = Database(url, domain)
    yield opened
    opened.close()


@pytest.fixture
def make_it_of_version(database):
    def write(version):
        with database.writing() as connection:
            connection.execute(sa.update(versions).values(version_num=version))

    return write


def test_the_newest_migration_is_what_the_package_reads():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True), "a newer version is found by its number"


def test_the_migrations_make_the_tables_that_the_queries_name(journal, database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.writing() as connection:
        if database.schema is not None:
            connection.execute(sa.select(sa.func.set_config("search_path", database.schema, True)))
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_schemas": False}
        )
        assert compare_metadata(context, metadata) == []


def test_the_indexes_carry_the_conditions_that_keep_them_small(journal, database):
    with database.reading() as connection:
        indexes = {
            index["name"]: index
            for table in ("attempts", "decisions")
            for index in sa.inspect(connection).get_indexes(table, schema=database.schema)
        }
    for name in ("attempts_running", "decisions_standing"):
        options = indexes[name]["dialect_options"]
        assert any(key.endswith("_where") for key in options)


def test_a_second_open_finds_everything(journal, make, url, domain):
    attempt = make.finished(journal, make.decision("a"))
    with open_journal(url, domain) as again:
        assert again.attempt(attempt) == journal.attempt(attempt)


def test_a_current_journal_opens_by_one_question_and_without_alembic(journal, url, domain):
    opened = subprocess.run(
        [sys.executable, OPENER, url, domain], capture_output=True, text=True, check=True
    )
    found = json.loads(opened.stdout)
    assert found["heavy"] == []
    *before, question = found["asked"]
    assert "version_num" in question
    # What a connection asks for itself, and whether the table is there.
    assert len(before) <= 5, before
    assert {each.split()[0].lower() for each in before} <= {"begin", "pragma", "select", "show"}


def test_a_glance_at_sqlite_needs_no_sqlalchemy(tmp_path):
    url = f"sqlite:///{tmp_path}/{{domain}}.db"
    open_journal(url, "fleet").close()
    code = (
        "import sys; from mesh_dagster.journal import glance; glance(sys.argv[1], 'fleet');"
        "print('sqlalchemy' in sys.modules, 'alembic' in sys.modules)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == ["False", "False"]


def test_a_glance_creates_no_journal(tmp_path):
    assert glance(f"sqlite:///{tmp_path}/none/{{domain}}.db", "fleet") == []
    assert not (tmp_path / "none").exists()


def test_a_newer_journal_is_refused_and_left_alone(journal, make, make_it_of_version, url, domain):
    make.finished(journal, make.decision("a"))
    make_it_of_version("9999")
    for look in (open_journal, glance):
        with pytest.raises(JournalError, match="schema 9999") as caught:
            look(url, domain)
        assert caught.value.code == "MESH-M031"
        assert "pip install --upgrade" in str(caught.value)
    make_it_of_version(HEAD)
    assert len(glance(url, domain)) == 1


def test_several_processes_open_a_new_journal_at_once(url, domain):
    answers = at_once([[sys.executable, OPENER, url, domain, "wait"]] * 4)
    assert sum("alembic" in json.loads(answer)["heavy"] for answer in answers) >= 1
    with open_journal(url, domain) as journal:
        assert journal.summary() == []


def test_domains_share_a_server_and_nothing_else(postgresql, make):
    with open_journal(postgresql, "one_side") as one, open_journal(postgresql, "other") as other:
        make.finished(one, make.decision("a"))
        assert len(one.summary()) == 1
        assert other.summary() == []


def test_a_migration_that_fails_leaves_nothing(url, domain, monkeypatch, database):
    from alembic import command

    upgrade = command.upgrade

    def fails_at_the_end(config, revision):
        upgrade(config, revision)
        raise RuntimeError("power cut")

    monkeypatch.setattr(command, "upgrade", fails_at_the_end)
    with pytest.raises(RuntimeError, match="power cut"):
        open_journal(url, domain)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names(schema=database.schema) == []
    monkeypatch.undo()
    open_journal(url, domain).close()
