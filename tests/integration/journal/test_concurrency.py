"""Several writers at once lose nothing and never cross."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh_dagster.errors import JournalError
from mesh_dagster.model.snapshot import AttemptState, Outcome

WRITER = Path(__file__).with_name("writer.py")
PRODUCT = "flights/departures/v1"


@pytest.fixture
def four(url, domain):
    """Runs the writer in four processes at once; returns what each says."""

    def run(mode: str, *args: str) -> list[list[str]]:
        processes = [
            subprocess.Popen(
                [sys.executable, str(WRITER), mode, url, domain, str(worker), *args],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for worker in range(4)
        ]
        answers = [process.communicate() for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, answers
        return [json.loads(out) for out, _ in answers]

    return run


def test_four_processes_lose_nothing_and_one_of_them_decides(four, journal):
    made = [attempt for each in four("write", "5") for attempt in each]

    found = journal.attempts(PRODUCT, limit=1000)
    assert sorted(attempt.id for attempt in found) == sorted(made)
    assert len(made) == 20
    assert {attempt.state for attempt in found} == {AttemptState.FINISHED}
    assert {(len(a.decisions), len(a.reads), len(a.staged)) for a in found} == {(5, 1, 1)}
    (line,) = journal.summary()
    assert line.publication == 19
    assert (line.partitions, line.rows) == (4, 4 * 19), "the newest publication of each partition"
    assert line.quarantined == 20

    won = Counter(partition for each in four("decide") for partition in each)
    assert len(won) == 20
    assert set(won.values()) == {1}
    assert journal.quarantined() == []
    (line,) = journal.summary()
    assert (line.partitions, line.quarantined) == (4, 0)


def test_threads_share_a_journal(journal, make):
    def attempt(number: int) -> str:
        return make.finished(journal, make.decision(str(number), publication=number))

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(attempt, range(24)))

    assert {each.id for each in journal.attempts(PRODUCT, limit=100)} == set(made)
    assert journal.summary()[0].partitions == 24


def test_of_many_threads_one_decides(journal, make):
    waiting = make.finished(journal, make.decision("a", Outcome.QUARANTINED))

    def decide(who: int) -> bool:
        try:
            journal.decide(waiting, "a", Outcome.DISCARDED, by=str(who))
        except JournalError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(decide, range(8))) == 1
    assert len(journal.history(waiting, "a")) == 2
