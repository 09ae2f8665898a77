"""How an objective came to stand as it does: the lines of a plot, exact at every corner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mesh_dagster.model.slo import Indicator, Objective, Standing
from mesh_dagster.slos.history import History
from mesh_dagster.slos.measures import Measured, Span, Timed, clipped
from mesh_dagster.slos.timed import newest_facts

Point = tuple[datetime, float]


def begins(found: Measured, standing: Standing) -> datetime:
    """Where a plot starts: with the window, or with the life of the product if that is later."""
    begin = standing.at - standing.objective.window
    first = found.begin if isinstance(found, Timed) else min(found.moments, default=begin)
    return max(begin, first)


def burn_down(found: Measured, standing: Standing) -> list[Point]:
    """What was left of the budget, from all of it at the start to what is left now."""
    begin, end = begins(found, standing), standing.at
    if isinstance(found, Timed):
        corners = [each for span in clipped(found.spans, begin, end) for each in span]
    else:
        corners = [each.at for each in found.bad if begin <= each.at <= end]
        begin -= timedelta(microseconds=1)
    points = [(begin, 1.0)]
    for at in [*corners, end]:
        if not isinstance(found, Timed):
            points.append((at, points[-1][1]))
        points.append((at, _left(found, standing, begin, at)))
    return points


def _left(found: Measured, standing: Standing, begin: datetime, at: datetime) -> float:
    bad = found.tally(begin, at).bad
    return 1 - bad / standing.budget if standing.budget else 1.0 - 2 * bool(bad)


def ages(objective: Objective, history: History, begin: datetime) -> list[Point]:
    """How old the data was over time, in hours: it grows, and falls with each publication."""
    return list(_ages(objective, history, begin))


def _ages(objective: Objective, history: History, begin: datetime) -> Iterator[Point]:
    if objective.indicator is Indicator.FREQUENCY:
        moments: list[tuple[datetime, datetime | None]] = [
            (each, each) for each in history.publications
        ]
    elif objective.indicator is Indicator.FRESHNESS:
        moments = list(zip(*newest_facts(history), strict=True))
    else:
        return
    ends = [*(at for at, _ in moments[1:]), history.until]
    for (at, fact), end in zip(moments, ends, strict=True):
        if fact is not None and end >= begin:
            yield max(at, begin), (max(at, begin) - fact).total_seconds() / 3600
            yield end, (end - fact).total_seconds() / 3600


def spells(found: Measured, standing: Standing) -> tuple[Span, ...]:
    """When it was not kept, of an objective of time."""
    if not isinstance(found, Timed):
        return ()
    return clipped(found.spans, begins(found, standing), standing.at)
