"""Reads of a port that came to the same are one row, and what they say holds until the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mesh_dagster.journal.journal import Journal
from mesh_dagster.journal.past import Asked

START = datetime(2013, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def _probes(journal: Journal, until: datetime = START + 60 * MINUTE) -> list[tuple]:
    (found,) = journal.past({"d/a/v1": Asked(START, probes=True)}, until)
    return [
        (each.since, each.until, each.answered, each.reads, each.error) for each in found.probes
    ]


def test_reads_that_come_to_the_same_are_one_row(journal: Journal) -> None:
    for minute, error in enumerate([None, None, None, "gone", "still gone", None]):
        at = START + minute * MINUTE
        journal.probed("d/a/v1", None, at=at, seconds=0.5, error=error)
        journal.probed("d/other/v1", "late", at=at, seconds=0.1)
    assert _probes(journal) == [
        (START, START + 2 * MINUTE, True, 3, None),
        (START + 3 * MINUTE, START + 4 * MINUTE, False, 2, "gone"),
        (START + 5 * MINUTE, START + 5 * MINUTE, True, 1, None),
    ]
    assert len(_probes(journal, START + 4 * MINUTE)) == 2


def test_a_read_that_is_not_later_is_left_out(journal: Journal) -> None:
    for _ in range(3):
        journal.probed("d/a/v1", None, at=START, seconds=0.5)
    assert _probes(journal) == [(START, START, True, 1, None)]
