"""Freshness and retention: units, exact boundaries, and which partition answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Freshness, Retention, Unsupported
from mesh_dagster.contracts.rules.service_levels import span_in_words
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Status
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.types import ColumnType, Kind

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _frozen() -> Any:
    with clock.frozen(NOW):
        yield


def promising(*levels: ServiceLevel, kind: Kind = Kind.TIMESTAMPTZ, **more: Any) -> Contract:
    columns = (
        Property("at", physical_name="happened_at", type=ColumnType(kind)),
        Property("day", type=ColumnType(Kind.DATE)),
    )
    table = SchemaObject("t", columns, event_time=more.pop("event_time", "at"))
    return Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,), tuple(levels), **more)


def of_kind(contract: Contract, *kinds: type) -> list[Any]:
    return [rule for rule in rules(contract) if isinstance(rule, kinds)]


def verdicts(contract: Contract, data: Any, **more: Any) -> list[tuple[Any, ...]]:
    found = audit(of_kind(contract, Freshness, Retention, Unsupported), data, **more)
    return [(each.partition, each.verdict, each.checked, each.failed) for each in found]


FRESH = ServiceLevel("freshness", 26, "h")
KEPT = ServiceLevel("retention", 90, "d")


@pytest.mark.parametrize(
    ("value", "unit", "span"),
    [
        (90, "min", timedelta(minutes=90)),
        (1, "minute", timedelta(minutes=1)),
        (15, "minutes", timedelta(minutes=15)),
        (30, "s", timedelta(seconds=30)),
        (26, "h", timedelta(hours=26)),
        (2, "Hours", timedelta(hours=2)),
        (1.5, "d", timedelta(hours=36)),
        (2, None, timedelta(days=2)),
        ("26", "h", timedelta(hours=26)),
        ("PT30M", None, timedelta(minutes=30)),
        ("P1DT2H", None, timedelta(hours=26)),
        (1, "y", timedelta(days=365.25)),
        (0, "d", timedelta()),
        (5, "m", None),
        (5, "fortnights", None),
        (-1, "d", None),
        (True, "d", None),
        ("soon", "d", None),
        (float("nan"), "d", None),
        (1e300, "y", None),
        ("P", None, None),
        ("P1DT", None, None),
        (f"P{'9' * 5000}D", None, None),
        ("9" * 5000, "d", None),
        (10**400, "d", None),
        (None, "d", None),
    ],
)
def test_a_span_is_read_in_one_place_and_minutes_count(value: Any, unit: Any, span: Any) -> None:
    level = ServiceLevel("freshness", value, unit)
    assert level.span == span
    assert level.days == (None if span is None else span / DAY)


def test_shares_and_moments_are_carried_as_what_they_are() -> None:
    assert ServiceLevel("availability", 99.5, "percent").share == 0.995
    assert ServiceLevel("availability", "99.5").share == 0.995
    assert ServiceLevel("availability", 0.995, "ratio").share == 0.995
    assert ServiceLevel("availability", 101, "%").share is None
    assert ServiceLevel("endOfLife", "2014-01-01").moment == datetime(2014, 1, 1, tzinfo=UTC)
    at_noon = ServiceLevel("endOfSupport", "2014-01-01T12:00:00+01:00").moment
    assert at_noon == datetime(2014, 1, 1, 11, tzinfo=UTC)
    assert ServiceLevel("endOfLife", date(2014, 1, 1)).moment == datetime(2014, 1, 1, tzinfo=UTC)
    assert ServiceLevel("endOfLife", "never").moment is None


def test_what_is_exactly_as_old_as_promised_is_fresh(opened: Any) -> None:
    oldest = NOW - timedelta(hours=26)
    for moment, verdict, failed in (
        (oldest, Verdict.PASSED, 0),
        (oldest - INSTANT, Verdict.FAILED, 1),
        (NOW + DAY, Verdict.PASSED, 0),
    ):
        data = pl.DataFrame({"happened_at": [moment - DAY, moment]})
        assert verdicts(promising(FRESH), opened(data)) == [(None, verdict, 2, failed)]


def test_what_is_exactly_as_old_as_kept_breaks_no_retention(opened: Any) -> None:
    oldest = NOW - timedelta(days=90)
    data = pl.DataFrame({"happened_at": [oldest, oldest - INSTANT, oldest - DAY, NOW, None]})
    assert verdicts(promising(KEPT), opened(data)) == [(None, Verdict.FAILED, 5, 2)]
    kept = data.filter(pl.col("happened_at") >= oldest)
    assert verdicts(promising(KEPT), opened(kept)) == [(None, Verdict.PASSED, 2, 0)]


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_moments_of_any_zone_are_compared_with_the_clock(zone: str | None) -> None:
    newest = NOW - timedelta(hours=26)
    series = pl.Series([newest, newest - INSTANT - timedelta(days=89)]).dt.convert_time_zone(
        zone or "UTC"
    )
    data = pl.DataFrame({"happened_at": series if zone else series.dt.replace_time_zone(None)})
    promised = promising(FRESH, KEPT)
    assert verdicts(promised, data.lazy()) == [
        (None, Verdict.PASSED, 2, 0),
        (None, Verdict.FAILED, 2, 1),
    ]


def test_a_date_is_as_old_as_its_first_moment(opened: Any) -> None:
    promised = promising(ServiceLevel("freshness", 36, "h"), ServiceLevel("retention", 36, "h"))
    data = pl.DataFrame({"happened_at": [date(2013, 11, 7)]})
    assert [each[1] for each in verdicts(promised, opened(data))] == [Verdict.PASSED] * 2
    data = pl.DataFrame({"happened_at": [date(2013, 11, 6)]})
    assert [each[1] for each in verdicts(promised, opened(data))] == [Verdict.FAILED] * 2


def test_of_no_events_none_is_fresh_and_none_too_old(opened: Any) -> None:
    data = pl.DataFrame({"happened_at": pl.Series([None], dtype=pl.Datetime("us", "UTC"))})
    promised = promising(FRESH, KEPT)
    assert [each[1] for each in verdicts(promised, opened(data))] == [
        Verdict.FAILED,
        Verdict.PASSED,
    ]


def test_the_column_is_the_element_with_or_without_its_table_or_the_event_time() -> None:
    for level in (
        FRESH,
        ServiceLevel("freshness", 26, "h", element="t.at"),
        ServiceLevel("freshness", 26, "h", element="at"),
        ServiceLevel("freshness", 26, "h", element="t.happened_at"),
    ):
        (rule,) = of_kind(promising(level), Freshness)
        assert (rule.column, rule.within) == ("happened_at", timedelta(hours=26))
    by_default = promising(FRESH, event_time=None, rest={"slaDefaultElement": "t.day"})
    assert of_kind(by_default, Freshness)[0].column == "day"
    both = promising(ServiceLevel("freshness", 26, "h", element="t.at, t.day"))
    assert [rule.id for rule in of_kind(both, Freshness)] == [
        "happened_at_freshness",
        "day_freshness",
    ]
    of_another = promising(ServiceLevel("freshness", 26, "h", element="u.at"))
    assert of_kind(of_another, Freshness, Unsupported) == []


def test_what_nobody_can_hold_against_data_is_a_warning_that_says_why() -> None:
    levels = (
        (ServiceLevel("freshness", 5, "m"), "5 m is no span of time"),
        (ServiceLevel("freshness", 5, "h", element="t.x"), "the contract has no property 'x'"),
        (ServiceLevel("latency", 5, "m"), "5 m is not a number of s, min, h, d, w, month or y"),
        (ServiceLevel("availability", 101), "101 is not a share in percent"),
    )
    for level, why in levels:
        (rule,) = of_kind(promising(level), Unsupported)
        assert (rule.reason, rule.severity) == (why, Severity.WARNING)
    (rule,) = of_kind(promising(KEPT, event_time=None), Unsupported)
    assert "names no `element`" in rule.reason


def test_without_an_element_data_is_as_fresh_as_it_was_recorded(opened: Any) -> None:
    promised = promising(FRESH, event_time=None)
    data = pl.DataFrame({"_recorded_at": [NOW - timedelta(hours=26)]})
    assert verdicts(promised, opened(data))[0][1] is Verdict.PASSED
    data = pl.DataFrame({"day": [date(2013, 11, 8)]})
    (result,) = audit(of_kind(promised, Freshness), opened(data))
    assert (result.verdict, result.severity) == (Verdict.ERROR, Severity.WARNING)
    assert "names no `element`" in result.message


def test_a_column_that_tells_no_moment_is_a_reason_and_ends_no_other_rule(opened: Any) -> None:
    data = pl.DataFrame({"happened_at": [1], "day": [date(2013, 11, 8)]})
    promised = promising(FRESH, ServiceLevel("freshness", 26, "h", element="day"))
    found = verdicts(promised, opened(data))
    assert [each[1] for each in found] == [Verdict.ERROR, Verdict.PASSED]


def test_the_newest_partition_answers_for_the_freshness_of_all(opened: Any) -> None:
    data = pl.DataFrame(
        {
            "happened_at": [NOW - timedelta(days=5), NOW - timedelta(hours=27)],
            "day": [date(2013, 11, 3), date(2013, 11, 7)],
        }
    )
    cut = Partitioning(Every.DAY, "day", NOW - timedelta(days=30))
    found = verdicts(promising(FRESH), opened(data), partitioning=cut)
    assert found == [("2013-11-03", Verdict.PASSED, 1, 0), ("2013-11-07", Verdict.FAILED, 1, 1)]


def test_history_that_is_made_again_is_not_asked_to_be_fresh(opened: Any) -> None:
    data = pl.DataFrame({"happened_at": [NOW - 5 * DAY], "day": [date(2013, 11, 3)]})
    cut = Partitioning(Every.DAY, "day", NOW - timedelta(days=30))
    (rule,) = of_kind(promising(FRESH), Freshness)
    at_the_gate = Freshness(
        id=rule.id, message=rule.message, column=rule.column, within=rule.within, newest_only=True
    )
    for checked, verdict in ((rule, Verdict.FAILED), (at_the_gate, Verdict.PASSED)):
        (result,) = audit([checked], opened(data), partitioning=cut)
        assert result.verdict is verdict


def test_retention_is_counted_in_each_partition(opened: Any) -> None:
    data = pl.DataFrame(
        {
            "happened_at": [NOW - 91 * DAY, NOW - 91 * DAY, NOW],
            "day": [date(2013, 8, 9), date(2013, 8, 9), date(2013, 11, 8)],
        }
    )
    cut = Partitioning(Every.DAY, "day", NOW - timedelta(days=300))
    found = verdicts(promising(KEPT), opened(data), partitioning=cut)
    assert found == [("2013-08-09", Verdict.FAILED, 2, 2), ("2013-11-08", Verdict.PASSED, 1, 0)]


def test_the_rows_that_are_too_old_can_be_shown(opened: Any) -> None:
    data = pl.DataFrame({"happened_at": [NOW - 91 * DAY, NOW, None], "x": [1, 2, 3]})
    (rule,) = of_kind(promising(KEPT), Retention)
    assert failing_rows(rule, opened(data))["x"].to_list() == [1]
    (fresh,) = of_kind(promising(FRESH), Freshness)
    assert failing_rows(fresh, opened(data)).is_empty()


def test_a_message_tells_the_age_and_what_is_allowed() -> None:
    data = pl.DataFrame({"happened_at": [NOW - timedelta(hours=30)]})
    (result,) = audit(of_kind(promising(FRESH), Freshness), data.lazy())
    assert result.message == (
        "the newest happened_at is of 2013-11-07 06:00 UTC, 1 d 6 h ago; "
        "the contract allows 1 d 2 h"
    )
    assert span_in_words(timedelta(seconds=90)) == "1 min 30 s"
    assert span_in_words(timedelta()) == "0 s"
