"""Plots as SVG: a line over time with bands where something was wrong and a limit; columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise

from mesh_dagster.slos.measures import Span
from mesh_dagster.slos.series import Point
from mesh_dagster.slos.spoken import percent

_WIDTH, _HEIGHT = 520, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 16, 26
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """From one value to another; `unit` stands behind them."""

    low: float
    high: float
    unit: str

    def y(self, value: float) -> float:
        height = _HEIGHT - _TOP - _BOTTOM
        return _TOP + (self.high - value) / ((self.high - self.low) or 1) * height


@dataclass(frozen=True, slots=True)
class Axis(Scale):
    """The same from one moment to another."""

    begin: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        length = max(self.end - self.begin, timedelta(microseconds=1))
        return _LEFT + (at - self.begin) / length * (_WIDTH - _LEFT - _RIGHT)


def plot(
    points: Sequence[Point],
    axis: Axis,
    *,
    label: str,
    bands: Sequence[Span] = (),
    limit: float | None = None,
) -> str:
    """One picture; `label` is what it says to who does not see it."""
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">',
        *(_band(axis, span) for span in bands),
        *_values(axis),
        *_times(axis),
    ]
    if limit is not None:
        y = axis.y(limit)
        parts.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" {_at(y)}/>')
    if points:
        parts += _line(axis, points)
    return "".join([*parts, "</svg>"])


def _line(axis: Axis, points: Sequence[Point]) -> list[str]:
    """The line over its area, which is another one below zero, and where it ends."""
    crossed = _with_zeros(points)
    above = [(at, max(value, 0.0)) for at, value in crossed]
    below = [(at, min(value, 0.0)) for at, value in crossed]
    parts = [_area(axis, above, "area")]
    if any(value for _, value in below):
        parts.append(_area(axis, below, "under"))
    line = " ".join(f"{axis.x(at):.1f},{axis.y(value):.1f}" for at, value in points)
    at, value = points[-1]
    y = axis.y(value)
    beside = y - 8 if y > _TOP + 20 else y + 18
    parts.append(f'<polyline class="line" points="{line}"/>')
    parts.append(f'<circle class="dot" cx="{axis.x(at):.1f}" cy="{y:.1f}" r="3.5"/>')
    parts.append(
        f'<text class="mark" x="{axis.x(at):.1f}" y="{beside:.1f}" text-anchor="end">'
        f"{_told(value, axis.unit)}</text>"
    )
    return parts


def _told(value: float, unit: str) -> str:
    """As the words of the page have it: a share is rounded down."""
    return percent(value / 100, places=0) if unit == " %" else f"{value:,.3g}{unit}"


def _area(axis: Axis, points: Sequence[Point], kind: str) -> str:
    zero = axis.y(max(axis.low, 0.0))
    line = " ".join(f"{axis.x(at):.1f},{axis.y(value):.1f}" for at, value in points)
    first, last = axis.x(points[0][0]), axis.x(points[-1][0])
    ends = f"{first:.1f},{zero:.1f} {line} {last:.1f},{zero:.1f}"
    return f'<polygon class="{kind}" points="{ends}"/>'


def _with_zeros(points: Sequence[Point]) -> list[Point]:
    """The same line with a point wherever it crosses zero."""
    found = [points[0]]
    for (before, one), (after, other) in pairwise(points):
        if one * other < 0:
            found.append((before + (after - before) * (one / (one - other)), 0.0))
        found.append((after, other))
    return found


def columns(values: Sequence[tuple[str, float]], unit: str) -> str:
    """Named values beside each other, each told when the mouse is on it."""
    most = max((value for _, value in values), default=0) or 1.0
    axis = Scale(0.0, most * 1.1, unit)
    room = (_WIDTH - _LEFT - _RIGHT) / max(len(values), 4)
    parts = [f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">', *_values(axis)]
    every = -(-len(values) // 5)
    for number, (name, value) in enumerate(values):
        x, y = _LEFT + number * room, axis.y(value)
        parts.append(
            f'<rect class="column" x="{x + room * 0.15:.1f}" y="{y:.1f}" rx="2" '
            f'width="{room * 0.7:.1f}" height="{axis.y(0) - y:.1f}">'
            f"<title>{escape(name)}: {value:,.3g}{unit}</title></rect>"
        )
        if number % every == 0:
            parts.append(
                f'<text class="tick" x="{x + room / 2:.1f}" y="{_HEIGHT - 8}" '
                f'text-anchor="middle">{escape(name[:16])}</text>'
            )
    return "".join([*parts, "</svg>"])


def bounds(values: Sequence[float], *, least: float, most: float) -> tuple[float, float]:
    """The lowest and the highest value that a plot has to show."""
    return min([least, *values]), max([most, *values])


def _at(y: float) -> str:
    return f'y1="{y:.1f}" y2="{y:.1f}"'


def _band(axis: Axis, span: Span) -> str:
    x, end = axis.x(span[0]), axis.x(span[1])
    height = _HEIGHT - _TOP - _BOTTOM
    return (
        f'<rect class="band" x="{x:.1f}" y="{_TOP}" width="{max(end - x, 1):.1f}" '
        f'height="{height}"/>'
    )


def _values(axis: Scale) -> list[str]:
    parts = []
    step = _step((axis.high - axis.low) / 4)
    value = -(-axis.low // step) * step or 0.0  # no -0
    while value <= axis.high + step / 1000:
        y = axis.y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" {_at(y)}/>')
        parts.append(
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{value:,.6g}{axis.unit}</text>"
        )
        value += step
    return parts


def _step(wanted: float) -> float:
    """A round number that is not less than what is wanted."""
    scale = 1.0
    while wanted / scale > _STEPS[-1]:
        scale *= 10
    while wanted / scale < 1:
        scale /= 10
    return next(each * scale for each in _STEPS if each * scale >= wanted)


def _times(axis: Axis) -> list[str]:
    length = axis.end - axis.begin
    words = "%d %b" if length > timedelta(days=2) else "%d %b %H:%M"
    words = words if length < timedelta(days=400) else "%b %Y"
    words = words if length > timedelta(seconds=10) else "%d %b %H:%M:%S"
    parts = []
    for number in range(_TICKS):
        at = axis.begin + length * number / (_TICKS - 1)
        anchor = "start" if number == 0 else "end" if number == _TICKS - 1 else "middle"
        parts.append(
            f'<text class="tick" x="{axis.x(at):.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">'
            f"{at:{words}}</text>"
        )
    return parts
