"""Each partition is decided by itself, in the one pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Contract, Property, Quality, Relationship
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.partition import Every, Partitioning

Column = Callable[..., Property]
Open = Callable[[pl.DataFrame], Any]
Promise = Callable[..., Contract]

START = datetime(2013, 1, 1, tzinfo=UTC)
DAILY = Partitioning(Every.DAY, "day", START)


def counts(
    contract: Contract, data: Any, rule: str, partitioning: Partitioning = DAILY, **more: Any
) -> dict[str | None, int | None]:
    found = audit(
        rules(contract, partition_column=partitioning.column),
        data,
        partitioning=partitioning,
        **more,
    )
    return {each.partition: each.failed for each in found if each.rule == rule}


def days(*numbers: int) -> list[date]:
    return [date(2013, 1, number) for number in numbers]


def test_a_violation_is_counted_in_its_own_partition_only(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(column("day", "date"), column("a", required=True))
    data = opened(pl.DataFrame({"day": days(2, 1, 2, 2), "a": [1, 1, None, None]}))
    assert counts(contract, data, "a_required") == {"2013-01-01": 0, "2013-01-02": 2}


def test_a_partition_without_rows_is_judged_when_it_is_named(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "rowCount", "mustBeGreaterThan", 0)
    contract = promise(column("day", "date", required=True), quality=[entry])
    data = opened(pl.DataFrame({"day": days(3)}))
    named = ["2013-01-04", "2013-01-01"]
    found = counts(contract, data, "row_count", partitions=named)
    assert list(found.items()) == [("2013-01-01", 1), ("2013-01-03", 0), ("2013-01-04", 1)]
    assert set(counts(contract, data, "schema", partitions=named).values()) == {0}


@pytest.mark.parametrize(
    ("every", "kind", "values", "expected"),
    [
        (Every.DAY, "date", [date(2013, 1, 1), date(2013, 1, 2)], ["2013-01-01", "2013-01-02"]),
        (Every.WEEK, "date", [date(2013, 1, 5), date(2013, 1, 6)], ["2012-12-30", "2013-01-06"]),
        (Every.MONTH, "date", [date(2013, 1, 31), date(2013, 2, 1)], ["2013-01-01", "2013-02-01"]),
        (
            Every.DAY,
            "timestamp",
            [datetime(2013, 1, 1, 23, 59), datetime(2013, 1, 2)],  # noqa: DTZ001
            ["2013-01-01", "2013-01-02"],
        ),
        (
            Every.HOUR,
            "timestamptz",
            [datetime(2013, 1, 1, 5, 59, tzinfo=UTC), datetime(2013, 1, 1, 6, tzinfo=UTC)],
            ["2013-01-01-05:00", "2013-01-01-06:00"],
        ),
    ],
)
def test_rows_fall_into_the_windows_of_the_partitioning(
    promise: Promise,
    column: Column,
    opened: Open,
    every: Every,
    kind: str,
    values: list[Any],
    expected: list[str],
) -> None:
    contract = promise(column("day", kind), column("a", required=True))
    dtype = pl.Datetime("us", "UTC") if kind == "timestamptz" else None
    data = opened(pl.DataFrame({"day": pl.Series([*values, values[0]], dtype=dtype), "a": 1}))
    parts = Partitioning(every, "day", START)
    found = audit(rules(contract), data, partitioning=parts)
    rows = {each.partition: each.checked for each in found if each.rule == "a_required"}
    assert rows == {expected[0]: 2, expected[1]: 1}


def test_a_key_that_holds_the_partitions_column_repeats_within_a_partition_only(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(column("day", "date", primary_key=1), column("a", primary_key=2))
    data = opened(pl.DataFrame({"day": days(1, 1, 1, 2, 3, 3), "a": [7, 7, 7, 7, 7, 8]}))
    found = counts(contract, data, "primary_key")
    assert found == {"2013-01-01": 2, "2013-01-02": 0, "2013-01-03": 0}


def test_a_key_over_the_whole_port_has_its_first_row_in_the_earliest_partition(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(column("day", "date"), column("a", unique=True))
    data = opened(pl.DataFrame({"day": days(2, 1, 3, 3), "a": [7, 7, 7, 8]}))
    found = counts(contract, data, "a_unique")
    assert found == {"2013-01-01": 0, "2013-01-02": 1, "2013-01-03": 1}


def test_a_key_over_the_whole_port_has_its_first_row_where_it_is_published(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(column("day", "date"), column("a", unique=True))
    data = opened(pl.DataFrame({"day": days(1, 1, 2), "a": [7, 8, 9]}))
    published = pl.LazyFrame({"a": [8, 9, 9, None]})
    found = counts(contract, data, "a_unique", published=published)
    assert found == {"2013-01-01": 1, "2013-01-02": 1}
    fresh = counts(contract, data, "a_unique", published=pl.LazyFrame({"a": [1]}))
    assert set(fresh.values()) == {0}


def test_keys_of_a_month_repeat_across_its_days(
    promise: Promise, column: Column, opened: Open
) -> None:
    monthly = Partitioning(Every.MONTH, "day", START)
    contract = promise(column("day", "date"), column("a", unique=True))
    data = opened(pl.DataFrame({"day": [*days(1, 2, 3), date(2013, 2, 1)], "a": [7, 7, 8, 8]}))
    found = counts(contract, data, "a_unique", monthly)
    assert found == {"2013-01-01": 1, "2013-02-01": 1}


def test_orphans_are_counted_in_their_own_partition(
    promise: Promise, column: Column, opened: Open
) -> None:
    link = Relationship(("a",), "d/q/v1", "q", ("id",), severity=Severity.ERROR)
    contract = promise(column("day", "date"), column("a"), relationships=[link])
    data = opened(pl.DataFrame({"day": days(1, 1, 2, 3), "a": [1, 9, 9, None]}))
    target = {"a_in_d_q_v1": pl.LazyFrame({"id": [1]})}
    found = counts(contract, data, "a_in_d_q_v1", references=target)
    assert found == {"2013-01-01": 1, "2013-01-02": 1, "2013-01-03": 0}


def test_rows_of_no_partition_are_an_error_of_the_audit(
    promise: Promise, column: Column, opened: Open
) -> None:
    data = opened(pl.DataFrame({"day": [date(2013, 1, 1), None]}))
    with pytest.raises(EvaluationError, match="day is None in some rows") as caught:
        counts(promise(column("day", "date")), data, "schema")
    assert caught.value.code == "MESH-C002"


def test_data_without_the_partitions_column_is_an_error_of_the_audit(
    promise: Promise, column: Column, opened: Open
) -> None:
    with pytest.raises(EvaluationError, match="no column day"):
        counts(promise(column("a")), opened(pl.DataFrame({"a": [1]})), "schema")
