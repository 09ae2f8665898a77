"""A process that is killed while it records leaves all of it or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from effort import examples

from mesh_dagster.journal.database import Database
from mesh_dagster.journal.journal import open_journal
from mesh_dagster.journal.tables import decisions, publications, results, staged
from mesh_dagster.model.snapshot import AttemptState

CRASHER = Path(__file__).with_name("crasher.py")
PRODUCT = "flights/departures/v1"
DECISIONS, RESULTS = 20, 5


@pytest.fixture
def crash(url, domain):
    """Runs the crasher; returns how many processes it killed."""
    open_journal(url, domain).close()

    def run(mode: str, *args: str) -> int:
        command = [sys.executable, str(CRASHER), mode, url, domain, *args]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert asked.returncode == 0, asked.stderr
        return int(json.loads(asked.stdout)["killed"])

    return run


def whole_or_nothing(url: str, domain: str) -> tuple[int, int]:
    """How many attempts finished and how many did not; fails for one in between."""
    with open_journal(url, domain) as journal:
        attempts = journal.attempts(PRODUCT, limit=100_000)
        assert journal.running() == []
        assert len(journal.unfinished()) == sum(
            attempt.state is AttemptState.RUNNING for attempt in attempts
        )
        published = {each.attempt for each in journal.publications(PRODUCT)}
        finished = 0
        for attempt in attempts:
            done = attempt.state is AttemptState.FINISHED
            finished += done
            assert len(attempt.decisions) == done * DECISIONS
            assert len(attempt.staged) == len(attempt.reads) == done
            assert (attempt.id in published) is done
            assert all(len(each.results) == RESULTS for each in attempt.decisions)
        lines = journal.summary()
        assert sum(line.partitions for line in lines) == finished * DECISIONS
    return finished, len(attempts) - finished


def nothing_is_loose(url: str, domain: str, finished: int) -> None:
    database = Database(url, domain)
    try:
        with database.reading() as connection:
            counts = {
                table.name: len(connection.execute(table.select()).all())
                for table in (decisions, results, staged, publications)
            }
    finally:
        database.close()
    assert counts == {
        "decisions": finished * DECISIONS,
        "results": finished * DECISIONS * RESULTS,
        "staged": finished,
        "publications": finished,
    }


def test_killed_before_any_statement_of_finish_or_at_its_commit(crash, url, domain):
    killed = crash("statements")
    finished, lost = whole_or_nothing(url, domain)
    assert killed > 10
    assert lost == killed
    assert finished == 1, "the one that was not killed"
    nothing_is_loose(url, domain, finished)


def test_killed_at_any_moment(crash, url, domain):
    times = examples(36)
    assert crash("moments", str(times)) == times
    finished, lost = whole_or_nothing(url, domain)
    assert finished > 0
    assert 0 < lost <= times
    nothing_is_loose(url, domain, finished)
