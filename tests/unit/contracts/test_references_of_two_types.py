"""Keys are compared by value, whatever types the two tables have them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.kinds import Reference
from mesh_dagster.model.finding import Verdict

Open = Callable[[pl.DataFrame], Any]
RULE = Reference(
    id="r", message="a key", columns=("k",), target=None, target_object="c", target_columns=("id",)
)
DAY = datetime(2024, 1, 1)  # noqa: DTZ001
LARGE = 2**53 + 1
NAN = float("nan")


@pytest.mark.parametrize(
    ("ours", "its", "theirs", "others", "lost"),
    [
        ([1, 2], pl.Int32, [1], pl.Int64, 1),
        ([2**64 - 1, 1], pl.UInt64, [1], pl.Int64, 1),
        ([1, 2], pl.Int64, [1, 2**64 - 1], pl.UInt64, 1),
        ([Decimal("1.00"), Decimal("2.00")], pl.Decimal(10, 2), [1], pl.Decimal(12, 4), 1),
        ([1, 2], pl.Int64, [Decimal("1.0"), Decimal("1.5")], pl.Decimal(10, 1), 1),
        ([0.5, 0.25], pl.Float32, [0.5], pl.Float64, 1),
        ([1, LARGE], pl.Int64, [1.0, 2.0**53, 1.5, NAN], pl.Float64, 1),
        ([1.0, 1.5, NAN], pl.Float64, [1], pl.Int64, 2),
        ([2**64 - 1, 2**63], pl.UInt64, [2.0**63], pl.Float64, 1),
        ([DAY, DAY.replace(day=2)], pl.Datetime("us"), [DAY], pl.Datetime("ns"), 1),
        ([DAY], pl.Datetime("us"), [DAY], pl.Datetime("ms"), 0),
        ([datetime(9999, 1, 1)], pl.Datetime("us"), [DAY], pl.Datetime("ns"), 1),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_keys_of_two_types_refer_to_each_other_by_their_values(
    opened: Open,
    ours: Sequence[Any],
    its: Any,
    theirs: Sequence[Any],
    others: Any,
    lost: int,
) -> None:
    data = opened(pl.DataFrame({"k": pl.Series([*ours, None], dtype=its)}))
    target = opened(pl.DataFrame({"id": pl.Series(theirs, dtype=others)}))
    (found,) = audit([RULE], data, references={"r": target})
    assert found.verdict is not Verdict.ERROR, found.message
    assert found.failed == lost


def test_a_nanosecond_between_two_moments_makes_them_two(opened: Open) -> None:
    moments = pl.Series([1_704_067_200_000_000_001]).cast(pl.Datetime("ns"))
    data, target = opened(pl.DataFrame({"k": moments})), opened(pl.DataFrame({"id": [DAY]}))
    assert audit([RULE], data, references={"r": target})[0].failed == 1


def test_a_category_is_its_text() -> None:
    data = pl.LazyFrame({"k": ["a", "b"]})
    target = pl.LazyFrame({"id": pl.Series(["a"], dtype=pl.Categorical)})
    assert audit([RULE], data, references={"r": target})[0].failed == 1


@pytest.mark.parametrize("theirs", [["1"], [True], [DAY]])
def test_types_without_a_common_value_are_no_answer(opened: Open, theirs: list[Any]) -> None:
    data, target = opened(pl.DataFrame({"k": [1]})), opened(pl.DataFrame({"id": theirs}))
    (found,) = audit([RULE], data, references={"r": target})
    assert found.verdict is Verdict.ERROR
    assert "k is int64 and id of c is" in found.message
