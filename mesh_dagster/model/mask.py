"""Masks: what is left of a column's values where somebody without a right to them may look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

OPEN = frozenset({"", "public", "open", "unclassified", "unrestricted", "none", "no"})
"""Classifications of what everybody may see."""

MASKED = "masked"
"""The name of the output port that is derived from a product's first one."""


class MaskKind(StrEnum):
    """What becomes of a column."""

    DROP = "drop"
    """The port does not have it."""
    NULL = "null"
    """It is there, and empty."""
    HASH = "hash"
    """A text instead of each value, the same for the same value, by a key that readers lack."""
    TRUNCATE = "truncate"
    """The first characters of a text."""
    GENERALISE = "generalise"
    """The year, month or day of a moment; the interval that a number lies in."""


@dataclass(frozen=True, slots=True)
class Mask:
    """What is done to a column. `to` is how many characters are left of a text, the unit of time,
    or how wide an interval is."""

    kind: MaskKind
    to: str | int | float | None = None

    def __str__(self) -> str:
        return self.kind.value if self.to is None else f"{self.kind.value} to {self.to}"

    @property
    def stated(self) -> str | dict[str, str | int | float]:
        """As a contract states it."""
        return self.kind.value if self.to is None else {self.kind.value: self.to}


Masks = Mapping[str, Mask]
"""By column, or by classification."""

NO_MASKS: Masks = {}

BUILD = "masks."
"""How the version of a derived port's contract begins to say which masks it was made with: in the
part that semantic versioning leaves for builds."""


def masks_of(version: str) -> str:
    """Which masks the version of a contract names; empty: it is no derived port's."""
    build = version.partition("+")[2]
    return build if build.startswith(BUILD) else ""
