"""Values that DuckDB has and Python has not."""

from __future__ import annotations

import io
import json
from typing import Any

import duckdb
import pytest

from mesh_dagster.cli import formats
from mesh_dagster.products.reading.sql.values import values_of

BEYOND = {
    "'infinity'::timestamp": "infinity",
    "'-infinity'::timestamptz": "-infinity",
    "'-infinity'::date": "-infinity",
    "'infinity'::timestamp_s": "infinity",
    "'290000-01-01'::timestamp": "+290000-01-01T00:00:00",
    "'10000-02-29 12:34:56.789'::timestamptz": "+10000-02-29T12:34:56.789000Z",
    "'0044-03-15 (BC)'::date": "-0043-03-15",
    "'0001-01-01 (BC)'::timestamp": "+0000-01-01T00:00:00",
    "{'a': ['infinity'::date, null]}": {"a": ["infinity", None]},
    "map{'a': 'infinity'::date}": [("a", "infinity")],
    "array_value('infinity'::date)": ["infinity"],
    "union_value(a := 'infinity'::date)": "infinity",
}


def _batches(sql: str) -> Any:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql(sql).to_arrow_table().to_batches()


@pytest.mark.parametrize("value", BEYOND)
def test_a_moment_that_python_has_not_is_text(value: str) -> None:
    (batch,) = _batches(f"select * from (values ({value}), (null)) as t(x)")
    assert values_of(batch.column(0)) == [BEYOND[value], None]


@pytest.mark.parametrize("lines", [True, False])
def test_json_has_rows_with_moments_beyond_the_calendar(lines: bool) -> None:
    out = io.BytesIO()
    formats.json_rows(_batches("select 'infinity'::timestamp as x, 1 as y"), out, lines=lines)
    found = json.loads(out.getvalue())
    assert found == ({"x": "infinity", "y": 1} if lines else [{"x": "infinity", "y": 1}])


def test_a_table_has_them_too() -> None:
    batches, out = _batches("select '-infinity'::date as day"), io.BytesIO()
    formats.table(batches[0].schema, batches, out)
    assert b"-infinity" in out.getvalue()


def test_csv_takes_types_that_arrow_has_no_text_for() -> None:
    batches, out = _batches("select 1::bignum as x, map{'a': 'infinity'::date} as y"), io.BytesIO()
    formats.csv(batches[0].schema, batches, out)
    assert b"infinity" in out.getvalue()
