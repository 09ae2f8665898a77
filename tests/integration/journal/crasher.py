"""Processes that are killed while they write: at one statement, or at any moment.

    crasher.py statements URL DOMAIN    one child for each statement of `finish`
    crasher.py moments URL DOMAIN N     N children, each killed some milliseconds into it

It prints how many it killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime

import sqlalchemy as sa

from mesh_dagster.clock import new_id
from mesh_dagster.journal.journal import open_journal
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.snapshot import (
    Decision,
    InputRead,
    Outcome,
    PortState,
    Publication,
    PublicationKind,
    Staged,
    StagedFile,
)

PRODUCT = "flights/departures/v1"
DECISIONS, RESULTS = 20, 5
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


def finish(journal, attempt: str, number: int) -> None:
    keys = [f"{number:05}-{i}" for i in range(DECISIONS)]
    result = RuleResult("r", "required", Verdict.PASSED, Severity.ERROR, "holds")
    ports = {"": PortState("m", number, 1)}
    journal.finish(
        attempt,
        [
            Decision(key, Outcome.PUBLISHED, 1, (result,) * RESULTS, publication=number)
            for key in keys
        ],
        reads=[InputRead("i", "mesh://a/b/v1")],
        staged=[Staged(attempt, None, tuple(StagedFile(key, 1, 1, key) for key in keys))],
        publication=Publication(
            number, new_id(), None, NOON, attempt, PublicationKind.MATERIALIZATION, ports
        ),
    )


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(statement: int) -> None:
    """Die before a statement; after the last of them, before and then after the commit."""
    seen = iter(range(1_000))

    def count(*_: object) -> None:
        if next(seen) == statement:
            die()

    sa.event.listen(sa.Engine, "before_cursor_execute", count)


def child_of_statement(url: str, domain: str, statement: int) -> None:
    with open_journal(url, domain) as journal:
        attempt = new_id()
        journal.begin(PRODUCT, attempt, started_at=NOON)
        die_at(statement)
        if statement < 0:
            sa.event.listen(sa.Engine, "commit", die)
        finish(journal, attempt, 100 + statement)


def child_of_moment(url: str, domain: str, first: int, ready: int) -> None:
    with open_journal(url, domain) as journal:
        os.write(ready, b"!")
        for number in range(first, first + 1000):
            attempt = new_id()
            journal.begin(PRODUCT, attempt, started_at=NOON)
            finish(journal, attempt, number)
            os.write(ready, b"!")


def spawned(run, *args: object) -> int:
    # The parent holds no connection, so a fork shares nothing; a new interpreter would take
    # most of the test's time.
    pid = os.fork()
    if pid == 0:
        try:
            run(*args)
        finally:
            os._exit(0)
    return pid


def main(mode: str, url: str, domain: str, times: str = "0") -> None:
    killed = 0
    if mode == "statements":
        for statement in range(-1, 1_000):
            _, status = os.waitpid(spawned(child_of_statement, url, domain, statement), 0)
            if not os.WIFSIGNALED(status):
                break
            killed += 1
    for i in range(int(times)):
        opened, ready = os.pipe()
        pid = spawned(child_of_moment, url, domain, 1000 * (i + 1), ready)
        os.close(ready)
        for _ in range(1 + i % 2):  # every other one has finished an attempt before it is killed
            os.read(opened, 1)
        time.sleep(random.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(opened)
        killed += 1
    sys.stdout.write(json.dumps({"killed": killed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
