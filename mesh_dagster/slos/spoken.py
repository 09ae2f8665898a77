"""Spans of time as people say them."""

from __future__ import annotations

import math
from datetime import timedelta

_UNITS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("min", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)


def span(length: timedelta) -> str:
    """`1 d 2 h`: the two greatest units of it; milliseconds of what is shorter than a second."""
    if length < timedelta():
        return f"-{span(-length)}"
    parts: list[str] = []
    rest = length
    for unit, size in _UNITS:
        number, rest = divmod(rest, size)
        if number or parts:
            parts.append(f"{number:,} {unit}" if number else "")
        if len(parts) == 2:
            break
    told = " ".join(each for each in parts if each)
    return told or (f"{rest.total_seconds() * 1000:.3g} ms" if rest else "0 s")


def percent(share: float, places: int = 2) -> str:
    """`99.5 %`: rounded down, so that 100 % is all of it; -5 % is less than nothing."""
    scale = 10**places
    return (
        f"{math.floor(share * 100 * scale + 1e-6) / scale:,.{places}f}".removesuffix(".00") + " %"
    )
