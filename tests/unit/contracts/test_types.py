"""Types are the mesh's own words, whatever engine they come from."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
import pytest

from mesh_dagster.contracts.audit.frame import Frame
from mesh_dagster.descriptors.types import parse

POLARS: dict[str, Any] = {
    "boolean": pl.Boolean(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
    "decimal(10,2)": pl.Decimal(10, 2),
    "string": pl.String(),
    "binary": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
    "list<string>": pl.List(pl.String()),
    "struct<a: int, b: list<double>>": pl.Struct({"a": pl.Int32(), "b": pl.List(pl.Float64())}),
    "map<string,long>": pl.Map(pl.String(), pl.Int64()),
}
OTHERS: dict[str, Any] = {
    "timestamp[ns]": pl.Datetime("ns"),
    "timestamp[us, europe/berlin]": pl.Datetime("us", "Europe/Berlin"),
    "int8": pl.Int8(),
    "list<int8>": pl.List(pl.Int8()),
    "struct<a: uint8>": pl.Struct({"a": pl.UInt8()}),
}


@pytest.mark.parametrize("text", POLARS)
def test_a_type_of_polars_is_one_of_the_mesh(text: str) -> None:
    frame = Frame.of(pl.LazyFrame(schema={"a": POLARS[text]}))
    assert frame.types() == {"a": parse(text)}


@pytest.mark.parametrize("text", OTHERS)
def test_a_type_that_the_mesh_has_not_is_told_as_it_is(text: str) -> None:
    found = Frame.of(pl.LazyFrame(schema={"a": OTHERS[text]})).types()["a"]
    assert isinstance(found, str)
    assert found.lower() == text


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("1::INTEGER", "int"),
        ("1::BIGINT", "long"),
        ("1.5::DECIMAL(10,2)", "decimal(10,2)"),
        ("TIMESTAMP '2013-01-01'", "timestamp"),
        ("[1::BIGINT]", "list<long>"),
        ("{'a': 'x'}", "struct<a: string>"),
    ],
)
def test_a_type_of_duckdb_is_one_of_the_mesh(sql: str, text: str) -> None:
    relation = duckdb.connect().sql(f"SELECT {sql} AS a")
    assert Frame.of(relation).types() == {"a": parse(text)}


def test_a_type_that_only_duckdb_has_is_told_in_its_words() -> None:
    relation = duckdb.connect().sql("SELECT uuid() AS a")
    assert Frame.of(relation).types() == {"a": "uuid"}
