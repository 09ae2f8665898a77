"""The score of a product: every dimension that comes in by the door, each on its own facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from mesh_dagster import plugins
from mesh_dagster.errors import UsageError
from mesh_dagster.model.score import DimensionScore, Point, Score, Side
from mesh_dagster.scoring.rule import Dimension
from mesh_dagster.scoring.subject import Subject

DOOR = "score_dimensions"
VERSION = "1"
"""Of how dimensions come to one number; a new one begins a new history."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The dimensions that are scored, and their version together."""

    dimensions: tuple[Dimension, ...]

    @property
    def version(self) -> str:
        """`1`, with what the built-in dimensions are, and `+name@version` of each other."""
        own = plugins.BUILT_IN[DOOR]
        of_own = [each.version for each in self.dimensions if each.name in own]
        others = sorted(
            f"+{each.name}@{each.version}" for each in self.dimensions if each.name not in own
        )
        return ".".join([VERSION, *sorted(set(of_own))]) + "".join(others)


@cache
def rule_set() -> RuleSet:
    """The dimensions of this installation, built-ins first.

    Raises `UsageError` for what comes in by the door and is no dimension of that name.
    """
    own = plugins.BUILT_IN[DOOR]
    names = [*own, *sorted(set(plugins.behind(DOOR)) - set(own))]
    return RuleSet(tuple(map(_dimension, names)))


def _dimension(name: str) -> Dimension:
    found = plugins.load(DOOR, name)
    if not isinstance(found, Dimension) or found.name != name or not found.weight > 0:
        raise UsageError(
            f"what comes in by the door `{DOOR}` as {name!r} is no dimension of that name",
            fix="pip uninstall the package that brings it, or ask for its next release",
        )
    return found


def score(subject: Subject, rules: RuleSet | None = None) -> Score:
    """The score of one product."""
    asked = rules or rule_set()
    found = tuple(each.of(subject) for each in asked.dimensions)
    return Score(subject.path, asked.version, found)


def mean(scores: Iterable[Score]) -> Mapping[str, int]:
    """The mean of many scores, rounded down: of the whole (`overall`) and of each dimension."""
    every = [each.told for each in scores]
    names = ["overall", *(every[0].dimensions if every else ())]
    sums = {
        name: [{"overall": one.overall, **one.dimensions}[name] for one in every] for name in names
    }
    return {name: sum(some) // len(some) for name, some in sums.items() if some}


def lost(found: Score) -> Iterator[tuple[DimensionScore, Point, int]]:
    """The points that are not whole, and by how much the whole would rise with each alone: what
    helps most first. A side that is not the smaller of its dimension raises nothing yet."""
    open_points = [
        (dimension, point, _gain(found, dimension, point))
        for dimension in found.dimensions
        for point in dimension.points
        if point.share < 1
    ]
    yield from sorted(open_points, key=lambda each: (-each[2], _held_back(*each[:2])))


def _held_back(dimension: DimensionScore, point: Point) -> bool:
    """Whether the other side of the dimension is the smaller one."""
    mine = dimension.declared if point.side is Side.DECLARED else dimension.observed
    return mine > dimension.value


def _gain(found: Score, dimension: DimensionScore, point: Point) -> int:
    points = tuple(replace(each, share=1.0) if each is point else each for each in dimension.points)
    better = replace(dimension, points=points)
    every = tuple(better if each is dimension else each for each in found.dimensions)
    return replace(found, dimensions=every).overall - found.overall
