"""Plots as SVG: a line over time, bands where something was wrong, and a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mesh_dagster.slos.measures import Span
from mesh_dagster.slos.series import Point

_WIDTH, _HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 26
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """From one moment to another, and from one value to another; `unit` stands behind values."""

    begin: datetime
    end: datetime
    low: float
    high: float
    unit: str

    def x(self, at: datetime) -> float:
        length = max(self.end - self.begin, timedelta(microseconds=1))
        return _LEFT + (at - self.begin) / length * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        height = _HEIGHT - _TOP - _BOTTOM
        return _TOP + (self.high - value) / ((self.high - self.low) or 1) * height


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
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">',
        *(_band(axis, span) for span in bands),
        *_values(axis),
        *_times(axis),
    ]
    if limit is not None:
        y = axis.y(limit)
        parts.append(f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" {_at(y)}/>')
    if points:
        line = " ".join(f"{axis.x(at):.1f},{axis.y(value):.1f}" for at, value in points)
        base, first, last = axis.y(axis.low), axis.x(points[0][0]), axis.x(points[-1][0])
        parts.append(
            f'<polygon class="area" points="{first:.1f},{base:.1f} {line} {last:.1f},{base:.1f}"/>'
        )
        parts.append(f'<polyline class="line" points="{line}"/>')
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


def _values(axis: Axis) -> list[str]:
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
