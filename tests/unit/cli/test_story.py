"""The demo says what is not as it should be, and nothing when all is."""

from __future__ import annotations

from mesh_dagster.cli.story import FULL, WEEK, Expected, astray, missing
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
    assert len(missing(FULL, _came_out(dict(WEEK.ends[0])))) == 5


def test_what_was_never_made_and_what_came_out_otherwise_is_told() -> None:
    found = _came_out(dict(WEEK.ends[0]) | {"flights/departures/v1": Expected(6, 5_495)})
    del found["fleet/carriers/v1"]
    assert missing(WEEK, found) == [
        "fleet/carriers/v1 has never been made",
        "flights/departures/v1 shows 6 of 7 partitions, 5495 of 6486 rows, 0 of 0 quarantined",
    ]


def test_a_product_in_quarantine_where_none_may_be_is_astray() -> None:
    end = dict(WEEK.ends[0])
    assert astray(WEEK, _came_out(end), ()) == {}, "that of the weather belongs to the story"
    found = _came_out(end | {"network/airports/v1": Expected(0, 0, quarantined=1)})
    assert astray(WEEK, found, ()) == {
        "network/airports/v1": "network/airports/v1 is in quarantine: "
        "mesh quarantine network/airports/v1 --rows 5"
    }


def test_a_failed_product_is_astray_unless_it_is_as_it_should_be() -> None:
    found = _came_out(dict(WEEK.ends[0]))
    del found["fleet/aircraft/v1"]
    assert astray(WEEK, found, ["fleet/aircraft/v1", "weather/observations/v1"]) == {
        "fleet/aircraft/v1": "the run of fleet/aircraft/v1 failed: "
        "mesh run fleet/aircraft/v1 says why"
    }


def test_only_what_the_demo_makes_itself_is_lost_at_once() -> None:
    assert {"network/airports/v1", "fleet/carriers/v1"} <= WEEK.sources
    assert "journeys/delay_risk/v1" not in WEEK.sources
