"""Masks as expressions: what is left of a value tells of it what it should, and is never it."""

from __future__ import annotations

import hmac
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.access.masks import DIGITS, keyed, masked_frame
from mesh_dagster.model.mask import Mask, MaskKind

KEY = b"a key of at least sixteen characters"
HASH = Mask(MaskKind.HASH)


def masked(values: Any, mask: Mask, dtype: Any = None, key: bytes = KEY) -> list[Any]:
    frame = pl.LazyFrame({"value": pl.Series(values, dtype=dtype)})
    found = masked_frame(frame, ["value"], {"value": mask}, key)
    return found.collect(engine="streaming")["value"].to_list()


@given(st.lists(st.none() | st.text(), min_size=1))
def test_hashes_are_the_same_where_values_are_and_nowhere_else(values: list[str | None]) -> None:
    hashes = masked(values, HASH, pl.String)
    assert len(set(zip(values, hashes, strict=True))) == len(set(values)) == len(set(hashes))
    assert all((each is None) == (of is None) for each, of in zip(values, hashes, strict=True))
    assert {len(each) for each in hashes if each is not None} <= {DIGITS}
    assert not set(values) & set(hashes) - {None}


@given(st.binary(min_size=1, max_size=200), st.text())
def test_a_hash_is_the_first_half_of_the_hmac(key: bytes, text: str) -> None:
    assert keyed(key)(text) == hmac.digest(key, text.encode(), "sha256").hex()[:DIGITS]


def test_who_lacks_the_key_cannot_compute_a_hash() -> None:
    assert masked(["anna"], HASH) != masked(["anna"], HASH, key=b"another key of 16 or more")


@pytest.mark.parametrize("value", [7, date(2013, 11, 1), Decimal("1.50"), b"\xff", 2.5])
def test_anything_that_is_one_value_can_be_hashed(value: Any) -> None:
    assert len(masked([value], HASH)[0]) == DIGITS


def test_a_number_and_its_text_have_the_same_hash_so_that_keys_still_join() -> None:
    assert masked([47], HASH) == masked(["47"], HASH)


@given(st.lists(st.none() | st.text(max_size=8), min_size=1), st.integers(1, 8))
def test_what_is_truncated_is_never_the_value(values: list[str | None], length: int) -> None:
    left = masked(values, Mask(MaskKind.TRUNCATE, length), pl.String)
    for before, after in zip(values, left, strict=True):
        if before is None:
            assert after is None
        else:
            assert after == (before[:length] + "…" if len(before) > length else "…")
            assert after != before or before == "…"


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1), st.integers(2, 10**9))
def test_a_whole_number_lies_in_the_interval_that_is_left(
    values: list[int | None], width: int
) -> None:
    left = masked(values, Mask(MaskKind.GENERALISE, width), pl.Int64)
    for value, found in zip(values, left, strict=True):
        if value is None:
            assert found is None
            continue
        low, high = (int(each) for each in found.strip("[)").split(", "))
        assert low <= value < high
        assert high - low == width
        assert low % width == 0


@given(st.lists(st.floats(), min_size=1), st.floats(0.001, 1e6))
def test_a_number_that_no_interval_hides_is_not_told(values: list[float], width: float) -> None:
    for found in masked(values, Mask(MaskKind.GENERALISE, width), pl.Float64):
        if found is not None:
            low, high = (float(each) for each in found.strip("[)").split(", "))
            assert low < high


@pytest.mark.parametrize(
    ("unit", "left"), [("year", "2013"), ("month", "2013-11"), ("day", "2013-11-03")]
)
def test_of_a_moment_is_left_what_is_asked_for(unit: str, left: str) -> None:
    moments = [datetime(2013, 11, 3, 23, 59, tzinfo=UTC), None]
    assert masked(moments, Mask(MaskKind.GENERALISE, unit)) == [left, None]


def test_null_leaves_the_column_and_no_value_and_drop_not_even_that() -> None:
    frame = pl.LazyFrame({"a": [1, 2], "b": ["x", "y"], "c": [3, 4]})
    masks = {"a": Mask(MaskKind.NULL), "b": Mask(MaskKind.DROP)}
    found = masked_frame(frame, ["a", "b", "c"], masks, KEY).collect()
    assert found.to_dict(as_series=False) == {"a": [None, None], "c": [3, 4]}


def test_a_column_that_nobody_promised_is_not_let_through() -> None:
    frame = pl.LazyFrame({"named": [1], "stray": ["secret"]})
    assert masked_frame(frame, ["named", "gone"], {}, KEY).collect().columns == ["named"]


@pytest.mark.parametrize(
    ("values", "mask"),
    [
        ([1, 2], Mask(MaskKind.TRUNCATE, 3)),
        (["40"], Mask(MaskKind.GENERALISE, 10)),
        ([[1], [2]], HASH),
        ([{"a": 1}], HASH),
        ([True], Mask(MaskKind.GENERALISE, "year")),
    ],
)
def test_a_column_of_a_type_that_its_mask_is_not_for_is_left_empty(
    values: list[Any], mask: Mask
) -> None:
    assert masked(values, mask) == [None] * len(values)
