"""The demo says what is not as it should be, and nothing when all is."""

from __future__ import annotations

from mesh_dagster.cli.story import FULL, WEEK, Expected, missing
from mesh_dagster.journal import Summary


def _came_out(end: dict[str, Expected]) -> dict[str, Summary]:
    return {
        path: Summary(path, each.partitions, each.rows, 1, None, 0, 0, 0, each.quarantined)
        for path, each in end.items()
    }


def test_each_end_of_the_story_is_as_it_should_be() -> None:
    for story in (WEEK, FULL):
        assert [missing(story, _came_out(dict(end))) for end in story.ends] == [[]] * len(
            story.ends
        )


def test_the_year_holds_the_week_and_not_the_other_way_round() -> None:
    assert missing(WEEK, _came_out(dict(FULL.ends[0]))) == []
    assert len(missing(FULL, _came_out(dict(WEEK.ends[0])))) == 4


def test_what_was_never_made_and_what_came_out_otherwise_is_told() -> None:
    found = _came_out(dict(WEEK.ends[0]) | {"flights/departures/v1": Expected(6, 5_495)})
    del found["fleet/carriers/v1"]
    assert missing(WEEK, found) == [
        "fleet/carriers/v1 has never been made",
        "flights/departures/v1 shows 6 of 7 partitions, 5495 of 6486 rows, 0 of 0 quarantined",
    ]
