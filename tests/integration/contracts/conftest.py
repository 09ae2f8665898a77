"""Generated contracts, and data that keeps some of their promises and breaks others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

WORDS = ["", "a", "ab", "abc", "é", "zzz", "1.2.3.4", "a@b.org"]
DAYS = [date(2013, 1, day) for day in range(1, 5)]
VALUES: dict[Kind, list[Any]] = {
    Kind.LONG: [-3, -1, 0, 1, 2, 3],
    Kind.DOUBLE: [-1.5, 0.0, 0.5, 2.0, float("inf"), float("nan")],
    Kind.STRING: WORDS,
    Kind.DATE: DAYS,
}
DTYPES: dict[Kind, pl.DataType] = {
    Kind.LONG: pl.Int64(),
    Kind.DOUBLE: pl.Float64(),
    Kind.STRING: pl.String(),
    Kind.DATE: pl.Date(),
}
PATTERNS = ["^a", "b$", "[^a-z]", "^$", r"\Aa*\z", r"\p{Ll}"]
OPERATORS = ["mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeLessOrEqualTo", "mustBeBetween"]


@dataclass(frozen=True)
class Case:
    """A contract and rows that it may or may not fit."""

    contract: Contract
    data: pl.DataFrame


@pytest.fixture(scope="session")
def cases() -> st.SearchStrategy[Case]:
    """Contracts of one to three columns with any rules, and up to eight rows."""
    return _cases()


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=3))
    columns = tuple(draw(_columns(f"c{number}", kind)) for number, kind in enumerate(kinds))
    names = [column.name for column in columns]
    table = SchemaObject("t", columns, quality=tuple(draw(st.lists(_of_table(names), max_size=2))))
    contract = Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,))
    rows = draw(st.integers(0, 8))
    deep = draw(_nested(rows)) if draw(st.integers(0, 2)) == 0 else None
    if deep is not None:
        table = replace(table, properties=(*columns, deep[0]))
        contract = replace(contract, schema=(table,))
    series = [
        pl.Series(
            column.name,
            draw(st.lists(_values(column.type), min_size=rows, max_size=rows)),
            dtype=DTYPES[column.type.kind] if column.type else None,
        )
        for column in columns
    ]
    series += [deep[1]] if deep is not None else []
    return Case(contract, _spoiled(draw, pl.DataFrame(series)))


@st.composite
def _nested(draw: st.DrawFn, rows: int) -> tuple[Property, pl.Series]:
    """A struct or a list with promises on what lies in it."""
    inner = draw(_columns("x", draw(st.sampled_from([Kind.LONG, Kind.STRING]))))
    inner = replace(inner, unique=False, quality=())
    assert inner.type is not None
    values = _values(inner.type)
    if draw(st.booleans()):
        type_ = ColumnType(Kind.STRUCT, fields=(("x", inner.type),))
        column = Property("deep", "object", type=type_, properties=(inner,))
        held = st.none() | st.fixed_dictionaries({"x": values})
        dtype: pl.DataType = pl.Struct({"x": DTYPES[inner.type.kind]})
    else:
        type_ = ColumnType(Kind.LIST, item=inner.type)
        sizes = st.fixed_dictionaries(
            {}, optional={"minItems": st.integers(0, 2), "uniqueItems": st.just(True)}
        )
        column = Property(
            "deep", "array", type=type_, items=replace(inner, name=""), options=draw(sizes)
        )
        held = st.none() | st.lists(values, max_size=3)
        dtype = pl.List(DTYPES[inner.type.kind])
    column = replace(column, required=draw(st.booleans()))
    cells = draw(st.lists(held, min_size=rows, max_size=rows))
    return column, pl.Series("deep", cells, dtype=dtype)


def _values(type_: ColumnType | None) -> st.SearchStrategy[Any]:
    assert type_ is not None
    return st.none() | st.sampled_from(VALUES[type_.kind])


def _spoiled(draw: st.DrawFn, data: pl.DataFrame) -> pl.DataFrame:
    """Sometimes with a column too many or another type than promised."""
    how = draw(st.sampled_from(["as promised"] * 6 + ["extra", "retyped"]))
    if how == "extra":
        return data.with_columns(extra=pl.lit(1))
    if how == "retyped" and data.schema["c0"] == pl.Int64:
        return data.with_columns(pl.col("c0").cast(pl.Int32))
    return data


@st.composite
def _columns(draw: st.DrawFn, name: str, kind: Kind) -> Property:
    options: dict[str, Any] = {}
    finite = [value for value in VALUES[kind] if value == value and value != float("inf")]
    values = st.sampled_from(finite)
    if kind is Kind.STRING:
        lengths = {"minLength": st.integers(0, 2), "maxLength": st.integers(0, 3)}
        options |= draw(st.fixed_dictionaries({}, optional=lengths))
        if draw(st.booleans()):
            options["pattern"] = draw(st.sampled_from(PATTERNS))
        if draw(st.integers(0, 4)) == 0:
            options["format"] = draw(st.sampled_from(["ipv4", "email", "hostname"]))
    else:
        ends = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        options |= draw(st.fixed_dictionaries({}, optional=dict.fromkeys(ends, values)))
        if kind is Kind.LONG and draw(st.integers(0, 4)) == 0:
            options["multipleOf"] = draw(st.integers(1, 3))
    enum = draw(st.none() | st.lists(values, min_size=1, max_size=3))
    quality = draw(st.lists(_of_column(finite), max_size=2))
    return Property(
        name,
        type=ColumnType(kind),
        required=draw(st.booleans()),
        unique=draw(st.booleans()),
        options=options,
        quality=tuple(quality),
        rest={} if enum is None else {"enum": enum},
    )


@st.composite
def _of_column(draw: st.DrawFn, values: list[Any]) -> Quality:
    metric = draw(
        st.sampled_from(["nullValues", "missingValues", "invalidValues", "duplicateValues"])
    )
    some = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))
    arguments = {
        "missingValues": {"missingValues": [None, *some]},
        "invalidValues": {"validValues": some},
    }
    return draw(_bounded(metric, arguments.get(metric, {}), st.sampled_from([None, "percent"])))


@st.composite
def _of_table(draw: st.DrawFn, names: list[str]) -> Quality:
    if draw(st.booleans()):
        return draw(_bounded("rowCount", {}, st.none()))
    keys = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    return draw(_bounded("duplicateValues", {"properties": keys}, st.none()))


@st.composite
def _bounded(
    draw: st.DrawFn, metric: str, arguments: dict[str, Any], units: st.SearchStrategy[str | None]
) -> Quality:
    operator, unit = draw(st.sampled_from(OPERATORS)), draw(units)
    most = 100 if unit else 8
    threshold: Any = draw(st.integers(0, most))
    if operator == "mustBeBetween":
        threshold = [threshold, draw(st.integers(threshold, most))]
    return Quality("library", metric, operator, threshold, arguments, unit)


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session on two cores; starting it takes most of the time of the tests that use it."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("contracts")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
