"""Accuracy as a share of rows: each row as often as a rule of severity error looks at it.

What a rule counted is in the ledger, and which rows it counted is not. So the rows that broke one
of two rules are not the sum of both, and nobody can tell them exactly; what is exact is how often
a row was held against a rule, and how often it broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from operator import attrgetter

from mesh_dagster.model.slo import ROWS, Answer, Objective
from mesh_dagster.slos.counted import answers, calendar, in_cadences
from mesh_dagster.slos.history import History
from mesh_dagster.slos.measures import Counted, Part


def row_accuracy(history: History, objective: Objective) -> Counted | None:
    """Rows of the newest audit of each part, and those of them that broke a rule.

    What waits in quarantine counts as it was audited. A part of no row has nothing to count.
    """
    audits = [each for each in answers(history, objective, ROWS) if each.checked]
    audits.sort(key=lambda each: each.at)
    if history.partitioning is None:
        return Counted.of(_by_cadence(audits, objective.cadence))
    ends = calendar(history, objective)
    if ends is None:
        return None
    newest = {each.partition or "": each for each in audits}
    found = ((ends[key], key, each) for key, each in newest.items() if key in ends)
    return Counted.of((each.checked, _part(at, key, each)) for at, key, each in found)


def _by_cadence(audits: Iterable[Answer], cadence: timedelta) -> Iterator[tuple[int, Part]]:
    """Of all audits in one cadence the worst, when the first of it was."""
    for several in in_cadences(audits, cadence, attrgetter("at")):
        worst = max(several, key=lambda each: (Fraction(each.failed, each.checked), each.failed))
        yield worst.checked, _part(several[0].at, f"{worst.at:%Y-%m-%d %H:%M} UTC", worst)


def _part(at: datetime, name: str, audit: Answer) -> Part:
    bad = min(audit.failed, audit.checked)
    return Part(at, bad, name, f"{bad:,} of {audit.checked:,} broke a rule", audit.at)
