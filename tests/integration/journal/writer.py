"""One of several processes that write one journal at once.

writer.py write URL DOMAIN WORKER TIMES    attempts at overlapping partitions
writer.py decide URL DOMAIN WORKER         decides whatever waits; prints what it won
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from mesh_dagster.clock import new_id
from mesh_dagster.errors import JournalError
from mesh_dagster.journal.journal import open_journal
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.snapshot import Decision, InputRead, Outcome, Staged, StagedFile

PRODUCT = "flights/departures/v1"
KEYS = ("a", "b", "c", "d")


def write(url: str, domain: str, worker: str, times: str) -> list[str]:
    made = []
    result = RuleResult("r", "required", Verdict.PASSED, Severity.ERROR, "holds")
    for i in range(int(times)):
        with open_journal(url, domain) as journal:
            attempt = new_id()
            journal.begin(PRODUCT, attempt, started_at=datetime.now(UTC), run_id=worker)
            files = tuple(StagedFile(key, 1, 1, key) for key in KEYS)
            journal.staged(attempt, [Staged(attempt, None, files)])
            journal.read(attempt, [InputRead("i", "mesh://a/b/v1")])
            number = int(worker) + 4 * i
            decisions = [
                Decision(key, Outcome.PUBLISHED, number, (result,), publication=number)
                for key in KEYS
            ]
            waiting = Decision(f"{worker}-{i}", Outcome.QUARANTINED, 1, (result,))
            journal.finish(attempt, [*decisions, waiting], seconds=0.1)
            made.append(attempt)
    return made


def decide(url: str, domain: str, worker: str) -> list[str]:
    won = []
    with open_journal(url, domain) as journal:
        for attempt, decision, _ in journal.quarantined(PRODUCT):
            try:
                journal.decide(attempt.id, decision.partition, Outcome.DISCARDED, by=worker)
            except JournalError as error:
                if error.code != "MESH-M035":
                    raise
            else:
                won.append(decision.partition)
    return won


if __name__ == "__main__":
    does = {"write": write, "decide": decide}[sys.argv[1]]
    sys.stdout.write(json.dumps(does(*sys.argv[2:])))
