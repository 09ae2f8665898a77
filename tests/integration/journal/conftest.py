"""One behaviour suite over both databases: SQLite files, and a real PostgreSQL server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh_dagster.clock import new_id
from mesh_dagster.journal.journal import Journal, open_journal
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.snapshot import (
    Decision,
    Outcome,
    PortState,
    Publication,
    PublicationKind,
    Staged,
    StagedFile,
)

PRODUCT = "flights/departures/v1"
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
_domains = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place where no journal is yet, for any domain."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journals/{{domain}}.db"
    return request.getfixturevalue("postgresql")


@pytest.fixture
def domain() -> str:
    """A domain's name that no other test uses, so a shared server has no journal of it."""
    return f"flights_{os.getpid()}_{next(_domains)}"


@pytest.fixture
def journal(url: str, domain: str) -> Iterator[Journal]:
    with open_journal(url, domain) as opened:
        yield opened


@pytest.fixture
def make() -> Make:
    return Make()


class Make:
    """Builds values of the model, short."""

    def result(self, rule: str, verdict: Verdict = Verdict.PASSED, **rest: object) -> RuleResult:
        given = {"kind": "required", "severity": Severity.ERROR, "message": f"{rule} holds"}
        return RuleResult(rule=rule, verdict=verdict, **(given | rest))

    def decision(
        self, key: str | None, outcome: Outcome = Outcome.PUBLISHED, **rest: object
    ) -> Decision:
        return Decision(**({"partition": key, "outcome": outcome, "rows": 10} | rest))

    def publication(
        self, number: int, attempt: str, partitions: tuple[str, ...] | None = None, **rest: object
    ) -> Publication:
        given = {
            "id": new_id(),
            "previous": None,
            "at": NOON + timedelta(minutes=number),
            "kind": PublicationKind.MATERIALIZATION,
            "ports": {"": PortState(f"ports/_/metadata/{number}.json", number, 10)},
            "contracts": {"": "1.0.0"},
        }
        return Publication(number=number, attempt=attempt, partitions=partitions, **(given | rest))

    def staged(self, attempt: str, port: str | None, *keys: str | None, rows: int = 10) -> Staged:
        files = tuple(
            StagedFile(f"ports/{port or '_'}/data/{attempt}/{key or '_'}/0.parquet", rows, 99, key)
            for key in keys
        )
        return Staged(attempt, port, files)

    def begun(self, journal: Journal, product: str = PRODUCT, **rest: object) -> str:
        """A new attempt, begun now."""
        attempt = new_id()
        journal.begin(product, attempt, **({"started_at": NOON} | rest))
        return attempt

    def finished(
        self, journal: Journal, *decisions: Decision, product: str = PRODUCT, **rest: object
    ) -> str:
        """A new attempt that came to these decisions."""
        attempt = self.begun(journal, product)
        keys = [decision.partition for decision in decisions]
        journal.finish(
            attempt, decisions, **({"staged": [self.staged(attempt, None, *keys)]} | rest)
        )
        return attempt
