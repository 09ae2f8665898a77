"""A later process can tell an attempt that runs from one whose process is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from mesh_dagster import clock
from mesh_dagster.journal import owner

BEGIN = """
import sys, datetime
from mesh_dagster.journal.journal import open_journal
with open_journal(sys.argv[1], sys.argv[2]) as journal:
    journal.begin("flights/departures/v1", sys.argv[3], started_at=datetime.datetime.now(
        datetime.timezone.utc))
    print("begun", flush=True)
    sys.stdin.read()
"""
PRODUCT = "flights/departures/v1"


@pytest.fixture
def elsewhere(monkeypatch):
    """Attempts that begin inside are another host's."""

    def begin(journal, make):
        with monkeypatch.context() as patched:
            patched.setattr(owner, "_host", lambda: "elsewhere")
            return make.begun(journal)

    return begin


def test_a_process_that_dies_leaves_its_attempt_unfinished(journal, url, domain):
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN, url, domain, "attempt-1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "begun\n"
        assert [each.id for each in journal.running(PRODUCT)] == ["attempt-1"]
        assert journal.unfinished(PRODUCT) == []
        process.kill()
        process.wait()
        assert journal.running(PRODUCT) == []
        assert [each.id for each in journal.unfinished(PRODUCT)] == ["attempt-1"]
    assert journal.unfinished("flights/other/v1") == []
    journal.abandon("attempt-1")
    assert journal.unfinished() == []


def test_another_host_is_given_a_day(journal, make, elsewhere, monkeypatch):
    attempt = elsewhere(journal, make)
    assert [each.id for each in journal.running()] == [attempt]
    later = datetime.now(UTC) + timedelta(days=1, seconds=1)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert [each.id for each in journal.unfinished()] == [attempt]
    assert journal.running() == []


def test_a_replay_does_not_make_attempts_look_old(journal, make, elsewhere):
    with clock.frozen(datetime(2013, 11, 8, tzinfo=UTC)):
        attempt = elsewhere(journal, make)
        assert [each.id for each in journal.running()] == [attempt]
    assert os.environ.get(clock.NOW) is None
