"""What the demo makes, and what the mesh holds when it came out right.

The numbers are those of the real data: every flight out of New York in 2013.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesh_dagster.journal import Summary


@dataclass(frozen=True, slots=True)
class Expected:
    """What a product shows in the end: partitions, rows, and what waits for its owner."""

    partitions: int
    rows: int
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """A span of 2013, which products it makes itself, and how it may end.

    `made` are the sources, as `session` takes them; everything else is carried by automation. It
    ends in one way with the contract of the weather as it stands, in another once its owner has
    corrected it; and a year that was made before holds the week.
    """

    since: str
    now: str
    made: tuple[Mapping[str, Any], ...]
    ticks: tuple[str, ...]
    ends: tuple[Mapping[str, Expected], ...]
    seconds: int

    @property
    def sources(self) -> frozenset[str]:
        """What is made once, so that what became of it then is what becomes of it."""
        return frozenset((*(str(each["path"]) for each in self.made), *self.ticks))


_WHOLE = {
    "network/airports/v1": Expected(1, 1_458),
    "fleet/aircraft/v1": Expected(1, 3_322),
    "fleet/aircraft/v2": Expected(1, 3_322),
    "fleet/carriers/v1": Expected(1, 16),
}
_TICKS = ("fleet/carriers/v1",)


def _story(first: str, last: str, now: str, seconds: int, *ends: Mapping[str, Expected]) -> Story:
    days = (first, last)
    made: tuple[Mapping[str, Any], ...] = (
        {"path": "network/airports/v1"},
        {"path": "fleet/aircraft/v1"},
        {"path": "fleet/aircraft/v2"},
        {"path": "weather/observations/v1", "partitions": days},
        {"path": "crew/roster/v1", "partitions": days},
        # Its contract refers to both, which can be checked once they are published.
        {
            "path": "flights/departures/v1",
            "partitions": days,
            "after": ("network/airports/v1", "fleet/aircraft/v1"),
        },
    )
    whole = tuple({**_WHOLE, **end} for end in ends)
    return Story(first, now, made, _TICKS, whole, seconds)


_YEAR = (
    {
        "weather/observations/v1": Expected(364, 26_043, quarantined=1),
        "flights/departures/v1": Expected(365, 336_776),
        "crew/roster/v1": Expected(365, 6_964),
        "punctuality/route_delays/v1": Expected(365, 103_075),
        "journeys/delay_risk/v1": Expected(364, 335_874),
    },
    {
        "weather/observations/v1": Expected(365, 26_115),
        "flights/departures/v1": Expected(365, 336_776),
        "crew/roster/v1": Expected(365, 6_964),
        "punctuality/route_delays/v1": Expected(365, 103_075),
        "journeys/delay_risk/v1": Expected(365, 336_776),
    },
)

WEEK = _story(
    "2013-11-01",
    "2013-11-07",
    "2013-11-08T12:00:00Z",
    600,
    {
        "weather/observations/v1": Expected(6, 413, quarantined=1),
        "flights/departures/v1": Expected(7, 6_486),
        "crew/roster/v1": Expected(7, 128),
        "punctuality/route_delays/v1": Expected(7, 2_013),
        "journeys/delay_risk/v1": Expected(6, 5_584),
    },
    {
        "weather/observations/v1": Expected(7, 485),
        "flights/departures/v1": Expected(7, 6_486),
        "crew/roster/v1": Expected(7, 128),
        "punctuality/route_delays/v1": Expected(7, 2_013),
        "journeys/delay_risk/v1": Expected(7, 6_486),
    },
    *_YEAR,
)

FULL = _story("2013-01-01", "2013-12-31", "2014-01-01T12:00:00Z", 1_800, *_YEAR)


def missing(story: Story, summaries: Mapping[str, Summary]) -> list[str]:
    """What is not as it should be, by the end that is nearest; empty when the story came out."""
    return min((list(_differences(end, summaries)) for end in story.ends), key=len)


def astray(
    story: Story, summaries: Mapping[str, Summary], failed: Collection[str]
) -> dict[str, str]:
    """Products that stand as in no end, by themselves: quarantined where none may be, or failed.

    `failed` are those whose newest run failed; the values say what to do about it.
    """
    found = {}
    for path in dict.fromkeys(path for end in story.ends for path in end):
        has = _state(summaries[path]) if path in summaries else None
        ends = [end[path] for end in story.ends]
        if has is not None and has.quarantined > max(each.quarantined for each in ends):
            found[path] = f"{path} is in quarantine: mesh quarantine {path} --rows 5"
        elif path in failed and has not in ends:
            found[path] = f"the run of {path} failed: mesh run {path} says why"
    return found


def _state(found: Summary) -> Expected:
    return Expected(found.partitions, found.rows, found.quarantined)


def _differences(end: Mapping[str, Expected], summaries: Mapping[str, Summary]) -> Iterator[str]:
    for path, expected in end.items():
        found = summaries.get(path)
        if found is None:
            yield f"{path} has never been made"
            continue
        has = _state(found)
        if has != expected:
            yield (
                f"{path} shows {has.partitions} of {expected.partitions} partitions, {has.rows} "
                f"of {expected.rows} rows, {has.quarantined} of {expected.quarantined} quarantined"
            )
