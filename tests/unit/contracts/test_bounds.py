"""How a measured number is held against the contract's."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.contracts.rules.kinds import Bound, Operator

ONE = (Fraction(3),)
TWO = (Fraction(3), Fraction(5))


@pytest.mark.parametrize(
    ("operator", "numbers", "kept"),
    [
        (Operator.BE, ONE, {3}),
        (Operator.NOT_BE, ONE, {1, 2, 4, 5, 6}),
        (Operator.GREATER, ONE, {4, 5, 6}),
        (Operator.AT_LEAST, ONE, {3, 4, 5, 6}),
        (Operator.LESS, ONE, {1, 2}),
        (Operator.AT_MOST, ONE, {1, 2, 3}),
        (Operator.BETWEEN, TWO, {3, 4, 5}),
        (Operator.NOT_BETWEEN, TWO, {1, 2, 6}),
    ],
)
def test_every_operator_keeps_what_its_name_says(
    operator: Operator, numbers: tuple[Fraction, ...], kept: set[int]
) -> None:
    bound = Bound(operator, numbers)
    assert {count for count in range(1, 7) if bound.keeps(count, 100)} == kept


def test_a_share_is_exact() -> None:
    tenth = Bound(Operator.BE, (Fraction("0.1"),), percent=True)
    assert tenth.keeps(1, 1000)
    assert not tenth.keeps(1, 1001)


@given(st.integers(0, 100))
def test_of_no_rows_every_share_is_zero(count: int) -> None:
    assert Bound(percent=True).keeps(count, 0)


def test_a_bound_reads_well() -> None:
    assert str(Bound(Operator.LESS, (Fraction("0.5"),), percent=True)) == "less than 0.5 %"
    assert str(Bound(Operator.BETWEEN, (Fraction(1), Fraction(20000)))) == "between 1 and 20,000"
