"""A key over the whole port is looked up in those files only that can hold it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.ports import pointer
from mesh_dagster.ports.open import open_port
from mesh_dagster.products.auditing import rest
from mesh_dagster.products.auditing.rest import rest_of_port

FIRST = date(2013, 11, 1)
COLUMNS: dict[str, Any] = {
    "day": {"physicalType": "DATE", "required": True},
    "id": {"physicalType": "BIGINT", "unique": True},
}
DAILY = {"every": "day", "column": "day", "start": "2013-11-01"}


def numbered(days: int, *, first: int = 0, each: int = 10) -> pl.DataFrame:
    """Rows of several days, whose ids rise from day to day."""
    rows = [
        (FIRST + timedelta(days=first + day), (first + day) * each + number)
        for day in range(days)
        for number in range(each)
    ]
    return pl.DataFrame(rows, schema={"day": pl.Date, "id": pl.Int64}, orient="row")


def keys(days: int, first: int = 0) -> tuple[str, ...]:
    return tuple(str(FIRST + timedelta(days=first + day)) for day in range(days))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were left to look up keys in, of each audit."""
    found: list[int] = []

    def open_(*arguments: Any, **rest: Any) -> Any:
        data = open_port(*arguments, **rest)
        found.append(len(data.files))
        return data

    monkeypatch.setattr(rest, "open_port", open_)
    return found


def test_of_keys_that_rise_no_published_file_is_opened(shop: Any, counted: list[int]) -> None:
    shop.product(columns=COLUMNS, rows=numbered(20), partitions=DAILY)
    shop.make(*keys(19))
    shop.make(*keys(1, first=19))
    assert counted == [0]


def test_a_key_of_another_day_is_found_in_its_one_file(shop: Any, counted: list[int]) -> None:
    shop.product(columns=COLUMNS, rows=numbered(20), partitions=DAILY)
    shop.make(*keys(20))
    again = pl.DataFrame({"day": [FIRST + timedelta(days=20)], "id": [57]})
    shop.feed(again)
    (decision,) = shop.make(*keys(1, first=20)).decisions
    assert counted == [1]
    assert decision.outcome is Outcome.QUARANTINED
    (failed,) = [each for each in decision.results if each.blocks]
    assert (failed.rule, failed.failed) == ("id_unique", 1)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("VARCHAR", [f"{'a long beginning of all keys '}{number:03}" for number in range(3)]),
        ("VARCHAR", ["ä", "ö", "ü"]),
        ("DATE", [FIRST + timedelta(days=100 * number) for number in range(3)]),
        ("DOUBLE", [1.5, 2.5, 3.5]),
        ("BOOLEAN", [True, False, None]),
        (
            "TIMESTAMP",
            list(pl.Series(["2013-11-01T00:00:00", "2014-11-01T12:00:00"]).str.to_datetime()),
        ),
    ],
)
def test_keys_of_any_type_are_found_again(shop: Any, type_: str, values: list[Any]) -> None:
    columns = {**COLUMNS, "id": {"physicalType": type_, "unique": True}}
    days = [FIRST + timedelta(days=day) for day in range(len(values))]
    shop.product(columns=columns, rows=pl.DataFrame({"day": days, "id": values}), partitions=DAILY)
    for day in range(len(values)):
        (decision,) = shop.make(*keys(1, first=day)).decisions
        assert decision.outcome is Outcome.PUBLISHED
    for number, value in enumerate(values):
        shop.feed(pl.DataFrame({"day": [FIRST + timedelta(days=50)], "id": [value]}))
        (decision,) = shop.make(*keys(1, first=50)).decisions
        expected = Outcome.PUBLISHED if value is None else Outcome.QUARANTINED
        assert decision.outcome is expected, values[number]


def test_a_composite_key_is_looked_up_where_all_its_parts_can_be(
    shop: Any, counted: list[int]
) -> None:
    columns = {**COLUMNS, "id": "BIGINT", "shop": "VARCHAR"}
    rows = numbered(4).with_columns(
        pl.when(pl.col("day") < FIRST + timedelta(days=2))
        .then(pl.lit("a"))
        .otherwise(pl.lit("b"))
        .alias("shop")
    )
    shop.product(columns=columns, rows=rows, key=("shop", "id"), partitions=DAILY)
    shop.make(*keys(4))
    for name, id_, opened in (("a", 15, 1), ("b", 15, 0), ("a", 25, 0), ("c", 5, 0)):
        shop.feed(pl.DataFrame({"day": [FIRST + timedelta(days=9)], "id": [id_], "shop": [name]}))
        shop.make(*keys(1, first=9))
        assert counted.pop() == opened


def test_staged_rows_without_any_key_ask_for_nothing(shop: Any, counted: list[int]) -> None:
    shop.product(columns=COLUMNS, rows=numbered(2), partitions=DAILY)
    shop.make(*keys(1))
    shop.feed(
        pl.DataFrame({"day": [FIRST + timedelta(days=1)], "id": pl.Series([None], dtype=pl.Int64)})
    )
    shop.make(*keys(1, first=1))
    assert counted == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    published=st.lists(st.lists(st.integers(-50, 50), max_size=5), min_size=4, max_size=4),
    staged=st.lists(st.integers(-50, 50), min_size=1, max_size=5),
)
def test_pruning_loses_no_key(shop: Any, published: list[list[int]], staged: list[int]) -> None:
    """What is left after pruning holds every published key that is staged too."""
    rows = [(FIRST + timedelta(days=day), id_) for day, ids in enumerate(published) for id_ in ids]
    columns = {"day": COLUMNS["day"], "id": "BIGINT"}
    schema = {"day": pl.Date, "id": pl.Int64}
    data = pl.DataFrame(rows, schema=schema, orient="row")
    shop.product(columns=columns, rows=data, partitions=DAILY)
    shop.make(*keys(4))
    shop.product(columns=COLUMNS, rows=data, partitions=DAILY)
    loaded = shop.mesh.load(Address.parse("shop/sales/v1"))
    state = pointer.current(shop.mesh.storage, loaded.product.address)
    now = pl.LazyFrame({"id": staged}, schema={"id": pl.Int64})
    found = rest_of_port(shop.mesh, loaded, "", (keys(1)[0],), state=state, staged=now)
    left = set() if found is None else set(found.collect()["id"])
    elsewhere = {id_ for ids in published[1:] for id_ in ids}
    assert left & set(staged) == elsewhere & set(staged)
    assert left <= elsewhere
