"""Expected rows: days of 23, 24 and 25 hours, and the slots of groups that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_dagster import clock
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import ExpectedRows, Unsupported
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.finding import RuleResult, Verdict
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2014, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def rule_of(implementation: Any, **more: Any) -> Any:
    columns = (
        Property("station", physical_name="origin", type=ColumnType(Kind.STRING)),
        Property("day", type=ColumnType(Kind.DATE)),
        Property("at", type=ColumnType(Kind.TIMESTAMPTZ)),
    )
    stated = {"metric": "expectedRows", **implementation}
    quality = Quality("custom", rest={"engine": "mesh", "implementation": stated}, **more)
    table = SchemaObject("t", columns, quality=(quality,), event_time="at")
    found = rules(Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,)))
    (rule,) = [each for each in found if isinstance(each, ExpectedRows | Unsupported)]
    return rule


def hours_of(day: date, zone: ZoneInfo = NEW_YORK) -> list[datetime]:
    """Each hour of a local day, in UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)
    return [start + hour * HOUR for hour in range((end - start) // HOUR)]


def observed(rows: list[tuple[str, date, datetime]]) -> pl.DataFrame:
    schema = {"origin": pl.String, "day": pl.Date, "at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(rows, schema=schema, orient="row")


def of_days(*days: date, groups: tuple[str, ...] = ("EWR", "JFK")) -> list[Any]:
    return [(group, day, at) for day in days for group in groups for at in hours_of(day)]


def held(rule: Any, data: Any, **more: Any) -> list[tuple[Any, ...]]:
    results: tuple[RuleResult, ...] = audit([rule], data, **more)
    return [(each.partition, each.verdict, each.checked, each.failed) for each in results]


BY_DAY = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
HOURLY = {"every": "hour", "timezone": "America/New_York", "per": ["station"]}


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2013, 3, 10), 23), (date(2013, 3, 11), 24), (date(2013, 11, 3), 25)],
)
def test_a_local_day_has_as_many_hours_as_its_clocks(opened: Any, day: date, hours: int) -> None:
    rows = of_days(day)
    assert len(rows) == 2 * hours
    data = opened(observed(rows))
    whole = (str(day), Verdict.PASSED, 2 * hours, 0)
    assert held(rule_of(HOURLY), data, partitioning=BY_DAY) == [whole]
    data = opened(observed(rows[1:]))
    assert held(rule_of(HOURLY), data, partitioning=BY_DAY) == [
        (str(day), Verdict.FAILED, 2 * hours, 1)
    ]


def test_the_hour_that_comes_twice_is_two_and_the_missing_ones_are_named() -> None:
    rows = of_days(date(2013, 11, 3))
    first_of_the_two = datetime(2013, 11, 3, 5, tzinfo=UTC)
    kept = [row for row in rows if row[2] != first_of_the_two]
    (result,) = audit([rule_of(HOURLY)], observed(kept).lazy(), partitioning=BY_DAY)
    assert result.message == (
        "2 of 50 expected rows, one every 1 h by origin, are missing: EWR 2013-11-03 "
        "01:00-04:00, JFK 2013-11-03 01:00-04:00; the contract allows none"
    )
    assert (result.rule, result.column, result.dimension) == (
        "expected_rows",
        "at",
        "completeness",
    )


def test_two_rows_in_an_hour_make_up_for_no_other(opened: Any) -> None:
    rows = of_days(date(2013, 11, 4))
    rows[5] = rows[4]
    found = held(rule_of(HOURLY), opened(observed(rows)), partitioning=BY_DAY)
    assert found == [("2013-11-04", Verdict.FAILED, 48, 1)]


def test_a_group_of_which_nothing_came_is_missed_where_the_contract_lists_it(opened: Any) -> None:
    data = opened(observed(of_days(date(2013, 11, 4), groups=("EWR",))))
    as_found = held(rule_of(HOURLY), data, partitioning=BY_DAY)
    assert as_found == [("2013-11-04", Verdict.PASSED, 24, 0)]
    listed = {**HOURLY, "per": {"station": ["EWR", "JFK"]}}
    assert held(rule_of(listed), data, partitioning=BY_DAY) == [
        ("2013-11-04", Verdict.FAILED, 48, 24)
    ]
    empty = ["2013-11-04", "2013-11-05"]
    assert held(rule_of(listed), data, partitioning=BY_DAY, partitions=empty)[1] == (
        "2013-11-05",
        Verdict.FAILED,
        48,
        48,
    )


def test_some_may_be_missing(opened: Any) -> None:
    data = opened(observed(of_days(date(2013, 11, 4))[3:]))
    for threshold, verdict in ((6, Verdict.FAILED), (6.25, Verdict.PASSED)):
        rule = rule_of(HOURLY, unit="percent", operator="mustBeLessOrEqualTo", threshold=threshold)
        assert held(rule, data, partitioning=BY_DAY)[0][1] is verdict


def test_an_hour_is_not_expected_before_it_is_over() -> None:
    data = observed(of_days(date(2013, 11, 4), groups=("EWR",))[:6]).lazy()
    with clock.frozen(datetime(2013, 11, 4, 11, 59, tzinfo=UTC)):
        found = held(rule_of(HOURLY), data, partitioning=BY_DAY)
    assert found == [("2013-11-04", Verdict.PASSED, 6, 0)]
    with clock.frozen(datetime(2013, 11, 4, 12, 0, tzinfo=UTC)):
        found = held(rule_of(HOURLY), data, partitioning=BY_DAY)
    assert found == [("2013-11-04", Verdict.FAILED, 7, 1)]


def test_without_partitions_the_days_are_those_from_the_first_to_the_last(opened: Any) -> None:
    rows = of_days(date(2013, 11, 2), date(2013, 11, 4), groups=("EWR",))
    assert held(rule_of(HOURLY), opened(observed(rows))) == [(None, Verdict.FAILED, 73, 25)]
    assert held(rule_of(HOURLY), opened(observed([]))) == [(None, Verdict.PASSED, 0, 0)]


def test_a_partition_by_moment_is_cut_in_utc(opened: Any) -> None:
    by_moment = Partitioning(Every.DAY, "at", datetime(2013, 1, 1, tzinfo=UTC))
    rows = of_days(date(2013, 11, 2), date(2013, 11, 3), groups=("EWR",))
    found = held(rule_of(HOURLY), opened(observed(rows)), partitioning=by_moment)
    assert found == [
        ("2013-11-02", Verdict.FAILED, 24, 4),
        ("2013-11-03", Verdict.PASSED, 24, 0),
        ("2013-11-04", Verdict.FAILED, 24, 19),
    ]


@pytest.mark.parametrize(
    ("every", "zone", "slots"),
    [("day", "America/New_York", 1), ("15 min", "Asia/Kolkata", 96), ("6 hours", "UTC", 4)],
)
def test_slots_may_be_of_any_length_that_divides_a_day(every: str, zone: str, slots: int) -> None:
    place = ZoneInfo(zone)
    start = datetime(2013, 6, 3, tzinfo=place).astimezone(UTC)
    span = timedelta(days=1) / slots
    rows = [("EWR", date(2013, 6, 3), start + slot * span + span / 3) for slot in range(slots)]
    rule = rule_of({"every": every, "timezone": zone})
    assert held(rule, observed(rows).lazy(), partitioning=BY_DAY) == [
        ("2013-06-03", Verdict.PASSED, slots, 0)
    ]
    assert held(rule, observed(rows[1:]).lazy(), partitioning=BY_DAY, partitions=["2013-06-03"])[
        0
    ] == ("2013-06-03", Verdict.FAILED, slots, 1)


def test_a_date_tells_days_and_no_hours() -> None:
    rows = [("EWR", date(2013, 11, day), NOW) for day in (2, 4)]
    by_day = rule_of({"every": "day", "column": "day"})
    assert held(by_day, observed(rows).lazy()) == [(None, Verdict.FAILED, 3, 1)]
    by_hour = rule_of({"every": "hour", "column": "day"})
    assert held(by_hour, observed(rows).lazy())[0][1] is Verdict.ERROR


def test_moments_without_a_zone_are_refused_where_an_hour_comes_twice() -> None:
    rows = observed(of_days(date(2013, 11, 4))).with_columns(
        pl.col("at").dt.replace_time_zone(None)
    )
    (result,) = audit([rule_of(HOURLY)], rows.lazy(), partitioning=BY_DAY)
    assert result.verdict is Verdict.ERROR
    assert "at has no time zone" in result.message
    in_utc = held(rule_of({"every": "hour", "per": "station"}), rows.lazy())
    assert in_utc == [(None, Verdict.FAILED, 96, 48)]


def test_more_than_anybody_can_count_is_refused_before_it_is_listed() -> None:
    moments = [datetime(1, 1, 2, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC)]
    data = observed([("EWR", date(2013, 1, 1), at) for at in moments])
    (result,) = audit([rule_of({"every": "minute"})], data.lazy())
    assert result.verdict is Verdict.ERROR
    assert "at most 5,000,000 can be counted" in result.message


def test_a_missing_column_is_a_reason() -> None:
    data = observed(of_days(date(2013, 11, 4))).drop("origin")
    (result,) = audit([rule_of(HOURLY)], data.lazy())
    assert (result.verdict, result.failed) == (Verdict.ERROR, None)
    assert "origin is missing in the data" in result.message


@settings(max_examples=40, deadline=None)
@given(
    day=st.dates(date(1995, 1, 1), date(2013, 12, 30)),
    zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
    gone=st.sets(st.integers(0, 22)),
)
def test_what_is_taken_away_is_what_is_missing(day: date, zone: str, gone: set[int]) -> None:
    place = ZoneInfo(zone)
    with clock.frozen(NOW):
        hours = hours_of(day, place)
        rows = [("A", day, at) for number, at in enumerate(hours) if number not in gone]
        rule = rule_of({"every": "hour", "timezone": zone, "per": {"station": ["A"]}})
        (found,) = held(rule, observed(rows).lazy(), partitioning=BY_DAY, partitions=[str(day)])
    length = -(-(hours_of(day + timedelta(days=1), place)[0] - hours[0]) // HOUR)
    assert found[2] == length
    assert found[3] == len(gone) + length - len(hours)


@pytest.mark.parametrize(
    ("implementation", "why"),
    [
        ({}, "`every` is a span such as hour"),
        ({"every": "7 hours"}, "`every` divides a day"),
        ({"every": "0 min"}, "`every` divides a day"),
        ({"every": "99999999999999 d"}, "`every` divides a day"),
        ({"every": "hour", "timezone": "New York"}, "is no time zone"),
        ({"every": "hour", "timezone": 5}, "is no time zone"),
        ({"every": "hour", "per": ["gate"]}, "the contract has no property 'gate'"),
        ({"every": "hour", "per": 5}, "`per` is a list of properties"),
        ({"every": "hour", "per": {"station": "EWR"}}, "`per` lists the values of properties"),
        ({"every": "hour", "against": 7}, "'against' is nothing that expectedRows knows"),
        ({"every": "hour", "column": "gate"}, "the contract has no property 'gate'"),
    ],
)
def test_a_form_that_makes_no_sense_says_why(implementation: Any, why: str) -> None:
    rule = rule_of(implementation)
    assert isinstance(rule, Unsupported)
    assert why in rule.reason
