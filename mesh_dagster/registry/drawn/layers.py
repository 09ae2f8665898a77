"""Where the boxes of a picture stand: by levels from left to right, with few crossings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_ROUNDS = 6
_LANE = 10.0
_MOST_LEVELS = 60
_MOST_LANES = 3000
"""A picture of more has no room between its lines anyway."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Gaps:
    """The room between columns of boxes, and between the boxes of one."""

    across: float = 90
    down: float = 22
    margin: float = 24


End = tuple[str, str]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for each box, and for each arrow that passes others the lanes it goes through."""

    places: Mapping[str, Place]
    lanes: Mapping[End, Sequence[Place]]
    width: float
    height: float

    def path(self, end: End, start: Point, stop: Point) -> str:
        """The path of an arrow that leaves to the right and comes in from the left."""
        drawn = [f"M{start[0]:.1f},{start[1]:.1f}"]
        at = start
        for lane in self.lanes.get(end, ()):
            drawn.append(_curve(at, (lane.x, lane.y)))
            at = (lane.x + lane.width, lane.y)
            drawn.append(f"L{at[0]:.1f},{at[1]:.1f}")
        return " ".join([*drawn, _curve(at, stop)])


def laid_out(
    sizes: Mapping[str, tuple[float, float]],
    levels: Mapping[str, int],
    ends: Sequence[End],
    gaps: Gaps,
) -> Layout:
    """Put boxes of the same level into a column, and give a lane to what passes a column."""
    known = [each for each in dict.fromkeys(ends) if each[0] in sizes and each[1] in sizes]
    number = {level: at for at, level in enumerate(sorted({levels[each] for each in sizes}))}
    at_level = {each: number[levels[each]] for each in sizes}
    heights = {each: size[1] for each, size in sizes.items()}
    links: list[End] = []
    through: dict[End, list[str]] = {}
    spans = {end: range(at_level[end[0]] + 1, at_level[end[1]]) for end in known}
    tangled = sum(map(len, spans.values())) > _MOST_LANES
    for source, target in known:
        passed = range(0) if tangled else spans[source, target]
        lanes = [f"\0{source}\0{target}\0{level}" for level in passed]
        through[source, target] = lanes
        at_level |= dict(zip(lanes, passed, strict=True))
        heights |= dict.fromkeys(lanes, _LANE)
        chain = [source, *lanes, target]
        links += pairwise(chain)
    columns: list[list[str]] = [[] for _ in number]
    for each, level in at_level.items():
        columns[level].append(each)
    _untangle(columns, links)
    return _placed(columns, sizes, heights, through, gaps)


def _placed(
    columns: Sequence[Sequence[str]],
    sizes: Mapping[str, tuple[float, float]],
    heights: Mapping[str, float],
    through: Mapping[End, Sequence[str]],
    gaps: Gaps,
) -> Layout:
    highs = [sum(heights[each] + gaps.down for each in some) - gaps.down for some in columns]
    tallest = max(highs, default=0)
    places: dict[str, Place] = {}
    x = gaps.margin
    for some, high in zip(columns, highs, strict=True):
        wide = max((sizes[each][0] for each in some if each in sizes), default=0)
        y = gaps.margin + (tallest - high) / 2
        for each in some:
            if each in sizes:
                places[each] = Place(x, y, wide, heights[each])
            else:
                places[each] = Place(x, y + heights[each] / 2, wide, 0)
            y += heights[each] + gaps.down
        x += wide + gaps.across
    lanes = {end: [places[each] for each in some] for end, some in through.items()}
    return Layout(
        {each: places[each] for each in sizes},
        lanes,
        x - gaps.across + gaps.margin,
        tallest + 2 * gaps.margin,
    )


def _untangle(columns: list[list[str]], links: Sequence[End]) -> None:
    """Sort each column by where its neighbours stand, back and forth."""
    near: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        near[source].append(target)
        near[target].append(source)
    level = {each: at for at, some in enumerate(columns) for each in some}
    where: dict[str, float] = {}
    for some in columns:
        where |= _heights(some)
    for _ in range(_ROUNDS):
        for at in [*range(1, len(columns)), *range(len(columns) - 2, -1, -1)]:
            middles = {}
            for each in columns[at]:
                known = [where[other] for other in near[each] if level[other] != at]
                middles[each] = sum(known) / len(known) if known else where[each]
            columns[at].sort(key=middles.__getitem__)
            where |= _heights(columns[at])


def _heights(some: Sequence[str]) -> dict[str, float]:
    return {each: (number + 0.5) / len(some) for number, each in enumerate(some)}


def _curve(start: Point, stop: Point) -> str:
    (x1, y1), (x2, y2) = start, stop
    reach = max(abs(x2 - x1) / 2, 36)
    return f"C{x1 + reach:.1f},{y1:.1f} {x2 - reach:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"


def farthest(start: str, levels: Mapping[str, int], ends: Sequence[End]) -> dict[str, int]:
    """Levels so that each arrow goes to the right, as far as there are no circles."""
    found = dict(levels)
    for _ in range(min(len(found), _MOST_LEVELS)):
        before = dict(found)
        for source, target in ends:
            if source not in found or target not in found:
                continue
            if found[target] <= 0 and source != start:
                found[source] = min(found[source], found[target] - 1)
            elif found[source] >= 0 and target != start:
                found[target] = max(found[target], found[source] + 1)
        if found == before:
            break
    return found
