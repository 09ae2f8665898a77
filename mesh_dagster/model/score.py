"""What a score says of a product: points with their evidence, dimensions of them, one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MOST = 100
"""What a dimension and the whole can be at best."""

PASSES = 50
"""What a dimension that guards the whole has to be; below it the whole is no more than that."""


class Side(StrEnum):
    """Where a fact comes from: what its files say of a product, or what was seen of it."""

    DECLARED = "declared"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that is asked of a product, and how far it is so: `share` of `worth`.

    `where` is the `file:line` that says so, `fix` the command that would raise it.
    """

    name: str
    side: Side
    worth: float
    share: float
    evidence: str
    where: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """One dimension: what is declared and what was observed apart, and the smaller of both.

    Where a side asks nothing, the other stands alone. One that `guards` caps the whole.
    """

    name: str
    weight: float
    points: tuple[Point, ...]
    guards: bool = False

    @property
    def declared(self) -> int:
        return self._of(Side.DECLARED)

    @property
    def observed(self) -> int:
        return self._of(Side.OBSERVED)

    @property
    def value(self) -> int:
        return min(self.declared, self.observed)

    @property
    def fails(self) -> bool:
        """Whether it is a guard and lets the whole down."""
        return self.guards and self.value < PASSES

    def _of(self, side: Side) -> int:
        asked = [each for each in self.points if each.side is side]
        worth = sum(each.worth for each in asked)
        if not worth:
            return MOST
        # Rounded down: only who lacks nothing has all of it.
        return int(MOST * sum(each.worth * each.share for each in asked) / worth + 1e-9)


@dataclass(frozen=True, slots=True)
class ScoreTold:
    """A score as everybody is told it, and as the journal keeps it: numbers from 0 to 100."""

    rules: str
    """The version of the rule set: scores of two are not compared."""
    overall: int
    dimensions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """What a product is worth to who wants to use it. `rules` is the version of the rule set."""

    product: str
    rules: str
    dimensions: tuple[DimensionScore, ...]

    @property
    def overall(self) -> int:
        """The weighted mean of the dimensions; half of all at most where a guard fails."""
        weight = sum(each.weight for each in self.dimensions)
        if not weight:
            return 0
        mean = int(sum(each.weight * each.value for each in self.dimensions) / weight + 1e-9)
        return min(mean, MOST // 2) if any(each.fails for each in self.dimensions) else mean

    def dimension(self, name: str) -> DimensionScore | None:
        found = [each for each in self.dimensions if each.name == name]
        return found[0] if found else None

    @property
    def told(self) -> ScoreTold:
        """Without its evidence."""
        return ScoreTold(
            self.rules, self.overall, {each.name: each.value for each in self.dimensions}
        )


@dataclass(frozen=True, slots=True)
class ScoreKept:
    """A score since a moment, as the journal has it."""

    at: datetime
    score: ScoreTold


@dataclass(frozen=True, slots=True)
class Trend:
    """How a score came to be what it is: the one that stood `since`, under the same rules."""

    since: datetime
    before: ScoreTold
