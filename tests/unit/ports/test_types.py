"""Types survive their translations, and widen only where no value is lost."""

from __future__ import annotations

from itertools import count

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.iceberg_types import iceberg_type, type_from_iceberg
from mesh_dagster.ports.types import duckdb_type, polars_type, spark_type, type_from_polars, widens

NESTED = {Kind.DECIMAL, Kind.LIST, Kind.STRUCT, Kind.MAP}
FLAT = st.sampled_from([kind for kind in Kind if kind not in NESTED]).map(ColumnType)
DECIMALS = st.integers(1, 38).flatmap(
    lambda precision: st.builds(
        ColumnType, st.just(Kind.DECIMAL), st.just(precision), st.integers(0, precision)
    )
)
NAMES = st.text("abcdefgh", min_size=1, max_size=4)


def _nest(inner: st.SearchStrategy[ColumnType]) -> st.SearchStrategy[ColumnType]:
    fields = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(lambda item: ColumnType(Kind.LIST, item=item)),
        inner.map(lambda item: ColumnType(Kind.MAP, key=ColumnType(Kind.STRING), item=item)),
        fields.map(lambda found: ColumnType(Kind.STRUCT, fields=tuple(found.items()))),
    )


TYPES = st.recursive(FLAT | DECIMALS, _nest, max_leaves=6)


@given(TYPES)
def test_a_type_comes_back_from_polars_and_iceberg(column: ColumnType) -> None:
    assert type_from_polars(polars_type(column)) == column
    assert type_from_iceberg(iceberg_type(column, None, count(1))) == column


@given(TYPES)
def test_a_type_keeps_its_iceberg_ids(column: ColumnType) -> None:
    first = iceberg_type(column, None, count(1))
    assert iceberg_type(column, first, count(1000)) == first


@given(TYPES)
def test_a_type_widens_to_itself_and_duckdb_knows_it(column: ColumnType) -> None:
    import duckdb

    assert widens(column, column)
    found = duckdb.sql(f"select cast(null as {duckdb_type(column)}) as x").types
    assert len(found) == 1


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (ColumnType(Kind.TIMESTAMP), "TIMESTAMP_NTZ"),
        (ColumnType(Kind.TIMESTAMPTZ), "TIMESTAMP"),
        (ColumnType(Kind.DECIMAL, 10, 2), "DECIMAL(10, 2)"),
        (
            ColumnType(
                Kind.STRUCT,
                fields=(
                    ("a`b", ColumnType(Kind.LIST, item=ColumnType(Kind.LONG))),
                    (
                        "c",
                        ColumnType(
                            Kind.MAP, key=ColumnType(Kind.STRING), item=ColumnType(Kind.INT)
                        ),
                    ),
                ),
            ),
            "STRUCT<`a``b` ARRAY<BIGINT>, `c` MAP<STRING, INT>>",
        ),
    ],
)
def test_a_type_is_told_in_the_words_of_spark(column: ColumnType, words: str) -> None:
    assert spark_type(column) == words


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        (ColumnType(Kind.INT), ColumnType(Kind.LONG), True),
        (ColumnType(Kind.LONG), ColumnType(Kind.INT), False),
        (ColumnType(Kind.FLOAT), ColumnType(Kind.DOUBLE), True),
        (ColumnType(Kind.INT), ColumnType(Kind.DOUBLE), False),
        (ColumnType(Kind.DATE), ColumnType(Kind.TIMESTAMP), False),
        (ColumnType(Kind.DECIMAL, 10, 2), ColumnType(Kind.DECIMAL, 12, 2), True),
        (ColumnType(Kind.DECIMAL, 10, 2), ColumnType(Kind.DECIMAL, 12, 3), False),
        (
            ColumnType(Kind.LIST, item=ColumnType(Kind.INT)),
            ColumnType(Kind.LIST, item=ColumnType(Kind.LONG)),
            True,
        ),
        (
            ColumnType(Kind.STRUCT, fields=(("a", ColumnType(Kind.INT)),)),
            ColumnType(
                Kind.STRUCT, fields=(("a", ColumnType(Kind.INT)), ("b", ColumnType(Kind.INT)))
            ),
            True,
        ),
    ],
)
def test_only_what_loses_no_value_widens(old: ColumnType, new: ColumnType, allowed: bool) -> None:
    assert widens(old, new) is allowed


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (pl.UInt64(), "uint64"),
        (pl.Duration("us"), "duration"),
        (pl.Datetime("ns"), "ns"),
        (pl.List(pl.UInt64()), "list<uint64>"),
        (pl.Struct({"a": pl.UInt64()}), "struct<a: uint64>"),
        (pl.Null(), "null"),
    ],
)
def test_a_type_that_the_mesh_has_not_is_told_as_text(dtype: pl.DataType, text: str) -> None:
    found = type_from_polars(dtype)
    assert isinstance(found, str)
    assert text in found
