"""Histories as the journal would tell them, made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.slo import Change, Changes, Indicator, Objective
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.history import History

START = datetime(2013, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DAILY = Partitioning(Every.DAY, "day", START)


def change(
    at: datetime,
    partition: str | None = None,
    *,
    newest: datetime | None = None,
    outcome: Outcome = Outcome.PUBLISHED,
    failed: int = 0,
    attempt: str | None = None,
    known: bool = True,
) -> Change:
    at_port = outcome in (Outcome.PUBLISHED, Outcome.RELEASED)
    number = 1 if at_port else None
    return Change(partition, outcome, at, newest, number, failed, attempt or at.isoformat(), known)


def history(changes: Iterable[Change], until: datetime, **known: object) -> History:
    found = sorted((each for each in changes if each.at <= until), key=lambda each: each.at)
    born = min((each.at for each in found if each.number is not None), default=None)
    return History("d/p/v1", until, born, Changes.of(found), **known)  # type: ignore[arg-type]


def objective(
    indicator: Indicator,
    limit: timedelta | None = None,
    *,
    target: float = 0.99,
    window: timedelta = 30 * DAY,
    cadence: timedelta = DAY,
) -> Objective:
    return Objective(indicator, target, window, cadence, limit)
