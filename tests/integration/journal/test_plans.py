"""What is asked every few seconds looks at what is open, not at all that ever was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from mesh_dagster.journal.journal import Journal, open_journal
from mesh_dagster.model.snapshot import Decision, Outcome

LONG = ("events", "deliveries", "messages", "decisions", "results", "attempts", "publications")
SMALL = ("decisions_unsettled", "decisions_standing", "events_unrouted", "deliveries_waiting")


@pytest.fixture
def plans(tmp_path):
    """How SQLite goes about each query of a call."""
    asked = []

    def note(connection, cursor, statement, parameters, context, many):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    with open_journal(tmp_path / "journal.db", "shop") as journal:
        engine = journal._database._engine
        sa.event.listen(engine, "before_cursor_execute", note)

        def plan(call):
            asked.clear()
            call(journal)
            queries = list(asked)
            assert queries
            with engine.connect() as connection:
                return [
                    row.detail
                    for statement, parameters in queries
                    for row in connection.exec_driver_sql(
                        f"EXPLAIN QUERY PLAN {statement}", parameters
                    )
                ]

        yield plan


def _publish(journal: Journal) -> None:
    journal.begin("a/b/v1", "1", started_at=datetime(2013, 11, 8, tzinfo=UTC))
    journal.finish("1", [Decision("p", Outcome.PUBLISHED, 1)])


CALLS: dict[str, Callable[[Journal], object]] = {
    "the inbox": lambda journal: journal.reviews.seen(),
    "quarantines": lambda journal: journal.quarantined(),
    "a publication": _publish,
    "news": lambda journal: journal.outbox.news("a", datetime(2013, 11, 8, tzinfo=UTC), 1000),
    "routing": lambda journal: journal.outbox.route(lambda _: []),
    "claiming": lambda journal: journal.outbox.claim(lambda _: [], lease=1, limit=1),
    "the doctor": lambda journal: journal.outbox.health(),
    "incidents": lambda journal: journal.outbox.incidents(),
    "incidents of a product": lambda journal: journal.outbox.incidents("a/b/v1", unclosed=True),
    "incidents that go on": lambda journal: journal.outbox.going(),
    "alerts of a product": lambda journal: journal.outbox.alerts(10, "a/b/v1"),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_query_walks_through_all_that_ever_was(name, plans):
    scans = [
        each
        for each in plans(CALLS[name])
        if each.startswith("SCAN") and each.split()[1] in LONG and each.split()[-1] not in SMALL
    ]
    assert scans == []
