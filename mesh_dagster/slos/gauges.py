"""Small pictures beside words: a ring of what is left, a strip of how it went, a meter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from mesh_dagster.model.slo import Burn, Standing
from mesh_dagster.slos.measures import Measured, Timed
from mesh_dagster.slos.spoken import percent, span

_MOST_CELLS = 60
_FEWEST_CELLS = 12
_BAD = 0.25
"""The share of a cell from which on it is red; up to what may be bad at all it is pale."""

_ROUND = 2 * math.pi * 15


def ring(each: Standing) -> str:
    """How much of the budget is left; whole and red where more than it is spent."""
    spent = each.left <= 0
    share = 1.0 if spent else min(1.0, each.left)
    told = "overspent" if each.left < 0 else percent(each.left, places=0)
    size = "" if spent else f' stroke-dasharray="{share * _ROUND:.1f} {_ROUND:.1f}"'
    return (
        f'<svg class="ring {each.status.value}" viewBox="0 0 40 40" role="img" '
        f'aria-label="budget left: {told}"><circle class="rim" cx="20" cy="20" r="15"/>'
        f'<circle class="arc" cx="20" cy="20" r="15" transform="rotate(-90 20 20)"{size}/></svg>'
    )


def strip(each: Standing, found: Measured) -> str:
    """The window from left to right, a cell for each cadence or so: how much of it was kept."""
    cells = "".join(_cell(each, found, first, last) for first, last in _cells(each))
    begin = each.at - each.objective.window
    ends = "".join(f"<span>{at:%d %b %Y}</span>" for at in (begin, each.at))
    return f'<div class="strip">{cells}</div><div class="ends">{ends}</div>'


def _cells(each: Standing) -> Iterator[tuple[datetime, datetime]]:
    window = each.objective.window
    number = window // max(each.objective.cadence, timedelta(seconds=1))
    number = max(_FEWEST_CELLS, min(_MOST_CELLS, number))
    begin = each.at - window
    for at in range(number):
        yield begin + window * at / number, begin + window * (at + 1) / number


def _cell(each: Standing, found: Measured, first: datetime, last: datetime) -> str:
    tally = found.tally(first, last)
    # A cell that the life of the product has only touched would look like one that it filled.
    least = (last - first) / timedelta(microseconds=1) / 100 if isinstance(found, Timed) else 1
    if tally.share is None or tally.total < least:
        kind, told = "none", "nothing was due"
    elif not tally.bad:
        kind, told = "good", "kept"
    else:
        fair = Fraction(tally.bad, tally.total) <= each.objective.allowed
        kind = "fair" if fair else "poor" if tally.share <= _BAD else "bad"
        told = f"{percent(1 - tally.share)} kept"
    words = "%d %b %H:%M" if last - first < timedelta(days=2) else "%d %b %Y"
    return f'<i class="{kind}"><b>{first:{words}} – {last:{words}}: {told}</b></i>'


def meter(burn: Burn) -> str:
    """How near a rule is to firing: its slower window, which has to reach the limit as well."""
    rate = min(burn.rate, burn.recent)
    filled = max(0.0, min(1.0, rate / burn.limit))
    kind = "burning" if burn.fires else "met"
    return (
        f'<div class="meter {kind}"><div><b>{burn.name}</b> {span(burn.long)} and '
        f"{span(burn.short)}<span>{burn.rate:.1f} and {burn.recent:.1f} of {burn.limit:g}"
        f'{" · fires" if burn.fires else ""}</span></div><div class="bar">'
        f'<i style="width:{filled:.1%}"></i></div></div>'
    )
