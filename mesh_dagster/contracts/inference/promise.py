"""One thing that an inferred contract says, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mesh_dagster.contracts.rules.grammar import count

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """A key of a property's document with its value, and the evidence in words.

    `place` is where it goes: `("required",)`, `("logicalTypeOptions", "minimum")`. Without a
    place it is only a remark, on what was seen and is not promised.
    """

    place: Place
    value: Any
    evidence: str


def remark(text: str) -> Promise:
    """What was seen, and why it is no promise."""
    return Promise((), None, text)


def share(part: int, whole: int) -> str:
    """`336,776 of 336,776 rows`."""
    return f"{part:,} of {count(whole, 'row')}"
