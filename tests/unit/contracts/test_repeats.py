"""Every short cut to unique keys counts what counting every key counts."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.keys.repeats import repeats

VALUES: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "dense": (pl.Int64(), st.integers(-5, 5)),
    "sparse": (pl.Int64(), st.sampled_from([-(2**63), -1, 0, 1, 2**40, 2**63 - 1])),
    "unsigned": (pl.UInt64(), st.sampled_from([0, 1, 2**63, 2**64 - 1])),
    "small": (pl.Int32(), st.integers(-(2**31), 2**31 - 1)),
    "text": (pl.String(), st.text("aé", max_size=2)),
    "binary": (pl.Binary(), st.binary(max_size=1)),
    "float": (pl.Float64(), st.sampled_from([0.0, -0.0, 1.5, float("inf"), -1.0])),
    "date": (pl.Date(), st.dates(date(2013, 1, 1), date(2013, 1, 9))),
    "boolean": (pl.Boolean(), st.booleans()),
    "decimal": (pl.Decimal(10, 2), st.sampled_from([Decimal("0.10"), Decimal("1.00")])),
    "list": (pl.List(pl.Int64()), st.lists(st.integers(0, 1), max_size=2)),
}


def beyond_first(keys: list[Any]) -> int:
    """Keys that are null, or tuples with a null, are none."""
    keys = [key for key in keys if key is not None and not (isinstance(key, tuple) and None in key)]
    counted = Counter(repr(key + 0.0) if isinstance(key, float) else repr(key) for key in keys)
    return sum(counted.values()) - len(counted)


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), in_order=st.booleans())
def test_rows_beyond_the_first_of_a_single_key(
    kind: str, data: st.DataObject, in_order: bool
) -> None:
    dtype, values = VALUES[kind]
    drawn = data.draw(st.lists(values, max_size=12))
    if in_order and kind != "list":
        drawn.sort()
    for _ in range(data.draw(st.integers(0, 2))):
        drawn.insert(data.draw(st.integers(0, len(drawn))), None)
    frame = pl.DataFrame({"key": pl.Series(drawn, dtype=dtype)})
    total, suspects = repeats(frame.lazy(), ["key"])
    assert total == beyond_first(drawn)
    assert beyond_first(suspects.collect()["key"].to_list()) == total


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.integers(0, 2), st.none() | st.text("ab", max_size=1)), max_size=12
    )
)
def test_rows_beyond_the_first_of_a_key_of_two_columns(
    pairs: list[tuple[int | None, str | None]],
) -> None:
    frame = pl.DataFrame(pairs, schema={"n": pl.Int64, "s": pl.String}, orient="row")
    total, suspects = repeats(frame.lazy(), ["n", "s"])
    assert total == beyond_first(pairs)
    assert beyond_first(suspects.collect().rows()) == total


def test_a_repeat_far_behind_the_glance_at_the_first_rows_is_found() -> None:
    rising = list(range(30_000))
    assert repeats(pl.LazyFrame({"key": rising}), ["key"])[0] == 0
    assert repeats(pl.LazyFrame({"key": [*rising, 29_999]}), ["key"])[0] == 1
    assert repeats(pl.LazyFrame({"key": [*rising, 0]}), ["key"])[0] == 1
