"""Texts and JSON's values as values of a type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import inf
from typing import Any

import polars as pl
import pytest
from hypothesis import example, settings
from hypothesis import given as given_
from hypothesis import strategies as st

from mesh_dagster.contracts.files.moments import written
from mesh_dagster.contracts.files.parsing import given, parsed
from mesh_dagster.contracts.files.values import NoSuchValueError, reader
from mesh_dagster.contracts.rules.moments import PatternError
from mesh_dagster.model.types import ColumnType, Kind

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
MONEY = ColumnType(Kind.DECIMAL, precision=6, scale=2)
TEXTS = [
    (ColumnType(Kind.LONG), ["1", " +2 ", "-3.0"], [1, 2, -3]),
    (ColumnType(Kind.LONG), ["1.5", "x", "1e3", "1_0", "9223372036854775808"], [None] * 5),
    (ColumnType(Kind.INT), ["2147483648"], [None]),
    (ColumnType(Kind.DOUBLE), ["1e3", "-.5", "1,5", "-inf"], [1000.0, -0.5, None, -inf]),
    (ColumnType(Kind.DOUBLE), ["1e400", "-1e400", "1_0", "0x1"], [None] * 4),
    (ColumnType(Kind.FLOAT), ["1e39", "1.5"], [None, 1.5]),
    (ColumnType(Kind.DECIMAL, precision=4, scale=0), ["7.00", ".0", ".5"], [7, 0, None]),
    (MONEY, ["1.20", "1.200", "-.5"], [Decimal("1.20"), Decimal("1.20"), Decimal("-0.50")]),
    (MONEY, ["1.234", "12345.00", "1e2", "."], [None] * 4),
    (ColumnType(Kind.BOOLEAN), ["TRUE", "0", "yes", "maybe"], [True, False, True, None]),
    (
        ColumnType(Kind.DATE),
        ["2024-01-02", "2024-02-30", "1.2.2024"],
        [date(2024, 1, 2), None, None],
    ),
    (ColumnType(Kind.TIME), ["03:04", "03:04:05", "25:00"], [time(3, 4), time(3, 4, 5), None]),
    (
        ColumnType(Kind.TIMESTAMPTZ),
        [
            "2024-01-02T12:00:00Z",
            "2024-01-02 12:00",
            "2024-01-02 14:00:00+02:00",
            "2024-01-02 06:30-0530",
        ],
        [NOON] * 4,
    ),
    (ColumnType(Kind.DATE), ["2024-1-1", "24-01-01", "+024-01-01", "2024- 1-01"], [None] * 4),
    (ColumnType(Kind.DATE), ["0000-01-01", "20240101", "2024-001"], [None] * 3),
    (ColumnType(Kind.TIME), ["3:04", "03:4", "03:04:60", "24:00", "03:04:05,5"], [None] * 5),
    (ColumnType(Kind.TIMESTAMPTZ), ["2024-01-02T25:00:00", "noon"], [None, None]),
    (
        ColumnType(Kind.TIMESTAMPTZ),
        [
            "2024-01-02T12:00:00+99:99",
            "2024-01-02T12:00:00+24:00",
            "2024-01-02T12:00:00+01:60",
            "2024-01-02T12:00:00 UTC",
            "2024-01-02T12:00:60Z",
            "2024-1-2T12:00:00Z",
            "24-01-02 12:00",
            "2024-01-02Z",
            "0001-01-01T00:00:00+00:01",
        ],
        [None] * 9,
    ),
    (
        ColumnType(Kind.TIMESTAMP),
        ["2024-01-02T13:00+01", "2024-01-02"],
        [NOON.replace(tzinfo=None), datetime.fromisoformat("2024-01-02")],
    ),
    (
        ColumnType(Kind.LIST, item=ColumnType(Kind.LONG)),
        ["[1, 2]", '["1"]', "[", "null"],
        [[1, 2], None, None, None],
    ),
]


@pytest.mark.parametrize(("type_", "texts", "values"), TEXTS, ids=lambda each: str(each)[:40])
def test_a_text_is_read_as_its_type_or_is_null(
    type_: ColumnType, texts: list[str], values: list[Any]
) -> None:
    read = pl.LazyFrame({"a": texts}).select(a=parsed(given(pl.col("a")), type_)).collect()
    assert read["a"].to_list() == values


def test_blanks_are_nothing() -> None:
    read = pl.DataFrame({"a": ["", "  ", None, " x "]}).select(given(pl.col("a")))
    assert read["a"].to_list() == [None, None, None, "x"]


def test_a_moment_is_read_in_the_format_of_the_contract() -> None:
    texts = pl.DataFrame({"a": ["31.12.2024", "2024-12-31", "1.2.2024", "01.02.24", "30.02.2024"]})
    read = texts.select(parsed(pl.col("a"), ColumnType(Kind.DATE), "dd.MM.yyyy"))
    assert read["a"].to_list() == [date(2024, 12, 31), None, None, None, None]


@pytest.mark.parametrize(
    ("java", "python"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("d/M/uu", "%d/%m/%y"),
        ("ISO8601", None),
        ("%Y%m%d", "%Y%m%d"),
    ],
)
def test_a_java_pattern_is_translated(java: str, python: str | None) -> None:
    stated = written(java)
    assert (stated and stated.strptime) == python


def test_a_pattern_that_cannot_be_read_says_which_part() -> None:
    with pytest.raises(PatternError, match="'qqq'"):
        written("yyyy qqq")


JSON = [
    (ColumnType(Kind.STRING), "1", "1"),
    (ColumnType(Kind.LONG), 3.0, 3),
    (ColumnType(Kind.DOUBLE), 3, 3.0),
    (ColumnType(Kind.BOOLEAN), False, False),
    (MONEY, "1.20", Decimal("1.20")),
    (MONEY, Decimal("1.2"), Decimal("1.20")),
    (ColumnType(Kind.BINARY), "aGk=", b"hi"),
    (ColumnType(Kind.DATE), "2024-01-02", date(2024, 1, 2)),
    (ColumnType(Kind.TIME), "03:04:05.5", time(3, 4, 5, 500000)),
    (ColumnType(Kind.TIMESTAMPTZ), "2024-01-02T13:00:00+01:00", NOON),
    (ColumnType(Kind.TIMESTAMP), "2024-01-02T12:00:00Z", NOON.replace(tzinfo=None)),
    (ColumnType(Kind.STRUCT, fields=(("a", ColumnType(Kind.LONG)),)), {"b": 1}, {"a": None}),
    (
        ColumnType(Kind.MAP, key=ColumnType(Kind.STRING), item=ColumnType(Kind.LONG)),
        {"x": 1, "y": None},
        [("x", 1), ("y", None)],
    ),
]


@pytest.mark.parametrize(("type_", "value", "read"), JSON, ids=lambda each: str(each)[:40])
def test_a_value_of_json_is_one_of_the_type(type_: ColumnType, value: Any, read: Any) -> None:
    assert reader(type_)(value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.STRING, 1),
        (Kind.STRING, "\ud800"),
        (Kind.LONG, "1"),
        (Kind.LONG, True),
        (Kind.LONG, 1.5),
        (Kind.LONG, 1 << 63),
        (Kind.LONG, float("inf")),
        (Kind.INT, 1 << 31),
        (Kind.DOUBLE, "1.5"),
        (Kind.DOUBLE, 10**400),
        (Kind.DOUBLE, inf),
        (Kind.FLOAT, 1e39),
        (Kind.BOOLEAN, "true"),
        (Kind.DATE, "2024-02-30"),
        (Kind.DATE, "20240102"),
        (Kind.TIME, "25:00"),
        (Kind.TIMESTAMPTZ, 1704196800),
        (Kind.TIMESTAMPTZ, "0001-01-01T00:00:00+23:59"),
        (Kind.BINARY, "not base64"),
    ],
)
def test_a_value_of_another_type_is_none_of_it(kind: Kind, value: Any) -> None:
    with pytest.raises(NoSuchValueError):
        reader(ColumnType(kind))(value)


@pytest.mark.parametrize("value", ["1.234", "1_0", "1e2", " 1", "١", 12345, True, "NaN", "x", [1]])
def test_a_number_that_does_not_fit_a_decimal_is_none(value: Any) -> None:
    with pytest.raises(NoSuchValueError):
        reader(MONEY)(value)


_NUMBERS = st.text("0123456789.+-_eE ١", max_size=7)
_PARTS = st.sampled_from(
    ["2024", "0000", "24", "-", "-", "01", "12", "30", "2", "T", " ", ":", ".", "5", "+", "Z", "99"]
)
_MOMENTS = st.lists(_PARTS, max_size=12).map("".join) | st.datetimes(timezones=st.timezones()).map(
    datetime.isoformat
)


@settings(max_examples=120, deadline=None)
@given_(
    st.sampled_from([Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ]).map(ColumnType),
    st.lists(_MOMENTS, min_size=1),
)
@example(ColumnType(Kind.TIMESTAMPTZ), ["2024-01-02t12:00z", "2024-01-02 12:00:00.123456789-23:59"])
def test_csv_and_json_take_the_same_texts_for_moments(type_: ColumnType, texts: list[str]) -> None:
    assert _of_csv(texts, type_) == _of_json(texts, type_)


@settings(max_examples=80, deadline=None)
@given_(st.sampled_from([0, 2]), st.lists(_NUMBERS, min_size=1))
def test_csv_and_json_take_the_same_texts_for_decimals(scale: int, texts: list[str]) -> None:
    type_ = ColumnType(Kind.DECIMAL, precision=4, scale=scale)
    assert _of_csv(texts, type_) == _of_json(texts, type_)


def _of_csv(texts: list[str], type_: ColumnType) -> list[Any]:
    frame = pl.DataFrame({"a": texts}, schema={"a": pl.String})
    return frame.select(parsed(pl.col("a"), type_))["a"].to_list()


def _of_json(texts: list[str], type_: ColumnType) -> list[Any]:
    read, found = reader(type_), []
    for each in texts:
        try:
            found.append(read(each))
        except NoSuchValueError:
            found.append(None)
    return found
