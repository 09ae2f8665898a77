"""An objective over the history of its product: the budget, how fast it goes, how long it lasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction

from mesh_dagster.model.slo import Burn, Indicator, Objective, Standing, Status, Tally
from mesh_dagster.slos import by_row, counted, timed
from mesh_dagster.slos.history import History
from mesh_dagster.slos.measures import MICROSECOND, Counted, Measured, Timed
from mesh_dagster.slos.words import in_words

RULES = (("fast", 720, 14.4), ("medium", 120, 6.0), ("slow", 10, 1.0))
"""The multiwindow rules of Google's SRE workbook, in parts of the objective's window.

Of 30 days they are an hour, 6 hours and 3 days. The window of an objective grows with the cadence
of its product, and these with it.
"""

_SHORT = 12
"""The short window, which tells that it still goes on, is a twelfth of the long one."""

_NOTHING = 0.001
"""A burn rate at which a budget outlasts a thousand windows: it is not going to be spent."""

_HARDLY = Fraction(1, 10**9)
"""What stands for nothing at all where a rate is of a share that may be bad."""

_LIMITED: dict[Indicator, Callable[[History, timedelta], Timed | None]] = {
    Indicator.FRESHNESS: timed.freshness,
    Indicator.FREQUENCY: timed.frequency,
    Indicator.TIME_TO_DETECT: timed.time_to_detect,
    Indicator.TIME_TO_NOTIFY: timed.time_to_notify,
    Indicator.TIME_TO_REPAIR: timed.time_to_repair,
}
_SHARED: dict[Indicator, Callable[[History, Objective], Counted | None]] = {
    Indicator.LATENCY: counted.latency,
    Indicator.COMPLETENESS: counted.completeness,
    Indicator.ACCURACY: counted.accuracy,
    Indicator.ROW_ACCURACY: by_row.row_accuracy,
    Indicator.SHAPE: counted.shape,
    Indicator.LINEAGE: counted.lineage,
}


def measured(objective: Objective, history: History) -> Measured | None:
    """What the indicator of an objective comes to; None where nothing can be measured yet."""
    if objective.reason is not None:
        return None
    if objective.indicator is Indicator.AVAILABILITY:
        return timed.availability(history, objective.port)
    if objective.indicator in _LIMITED and objective.limit is not None:
        return _LIMITED[objective.indicator](history, objective.limit)
    if objective.indicator in _SHARED:
        return _SHARED[objective.indicator](history, objective)
    return None


def standing(objective: Objective, history: History) -> Standing:
    """How an objective stands at the end of a history."""
    at, begin = history.until, history.until - objective.window
    found = measured(objective, history)
    tally = Tally(0, 0) if found is None else found.tally(begin, at)
    if found is None or (isinstance(found, Counted) and not tally.total):
        why = objective.reason or "nothing to measure yet"
        return Standing(history.product, objective, at, Status.UNMEASURED, now=why)
    is_timed = isinstance(found, Timed)
    whole = objective.window // MICROSECOND if is_timed else tally.total
    may = objective.allowed
    most, spent = may.numerator * whole, may.denominator * tally.bad
    left = (most - spent) / most if most else 1.0 - 2 * bool(spent)
    burns = tuple(_burns(found, objective, history))
    status = _status(left, burns, failing=found.failing)
    return Standing(
        product=history.product,
        objective=objective,
        at=at,
        status=status,
        tally=tally,
        timed=is_timed,
        budget=most / may.denominator,
        left=left,
        failing=found.failing,
        lasts=_lasts(found, objective, left, burns[-1].rate),
        burns=burns,
        now=in_words(objective, history, found, tally),
        since=None if status.kept else _since(found, objective),
    )


def _status(left: float, burns: tuple[Burn, ...], *, failing: bool) -> Status:
    if left < 0:
        return Status.BREACHED
    if any(each.fires for each in burns):
        return Status.BURNING
    return Status.AT_RISK if failing else Status.MET


def _since(found: Measured, objective: Objective) -> datetime | None:
    """When began what was bad last. That something was noticed late is known when it is noticed."""
    if objective.indicator is Indicator.TIME_TO_DETECT:
        return None
    if isinstance(found, Timed):
        return found.spans[-1][0] if found.spans else None
    return max((each.since or each.at for each in found.bad), default=None)


def _burns(found: Measured, objective: Objective, history: History) -> list[Burn]:
    """How fast the budget goes. A window in which nothing was due tells nothing, and a part that
    did not come counts only once it had its time to come."""
    least = timedelta()
    if isinstance(found, Counted):
        least = objective.cadence + (objective.limit or objective.cadence)
    burns = []
    for name, parts, limit in RULES:
        long = max(objective.window / parts, least)
        short = max(long / _SHORT, least)
        rates = (_rate(found, objective, history, each) for each in (long, short))
        burns.append(Burn(name, long, short, limit, *rates))
    return burns


def _rate(found: Measured, objective: Objective, history: History, window: timedelta) -> float:
    """Time before the product lived was not bad: a first second that is makes no trend."""
    tally = found.tally(history.until - window, history.until)
    if not tally.bad:
        return 0.0
    whole = window // MICROSECOND if isinstance(found, Timed) else tally.total
    may = objective.allowed or _HARDLY
    return may.denominator * tally.bad / (may.numerator * max(whole, 1))


def _lasts(found: Measured, objective: Objective, left: float, rate: float) -> timedelta | None:
    """Until when the budget lasts: while it fails all of the time counts, else as it did lately."""
    if left <= 0:
        return timedelta()
    if isinstance(found, Timed) and found.failing:
        return left * float(objective.allowed) * objective.window
    return left * objective.window / rate if rate > _NOTHING else None
