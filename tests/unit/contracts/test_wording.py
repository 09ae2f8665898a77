"""Messages are sentences: articles, plurals and words that the contract's author knows."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_dagster.contracts.rules.grammar import a, a_value, count, have
from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Length,
    Parsed,
    Range,
    Reference,
    Required,
    RowCount,
    Unique,
)
from mesh_dagster.contracts.rules.wording import outcome
from mesh_dagster.model.types import ColumnType, Kind


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("email", "an email"),
        ("order_id", "an order_id"),
        ("hour", "an hour"),
        ("status", "a status"),
        ("unit", "a unit"),
        ("user_id", "a user_id"),
        ("uuid", "a uuid"),
        ("URL", "a URL"),
        ("unpaid", "an unpaid"),
        ("one_way", "a one_way"),
        ("(a, b)", "a (a, b)"),
    ],
)
def test_an_article_goes_by_the_sound(word: str, told: str) -> None:
    assert a(word) == told


def test_one_is_no_plural() -> None:
    assert [count(each, "row") for each in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
    assert [have(each) for each in (0, 1, 2)] == ["have", "has", "have"]


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        (ColumnType(Kind.LONG), "an integer"),
        (ColumnType(Kind.TIMESTAMPTZ), "a timestamp"),
        (ColumnType(Kind.DECIMAL, 10, 2), "a decimal(10,2)"),
        (Kind.DOUBLE, "a number"),
        ("array", "an array"),
    ],
)
def test_a_type_is_called_as_contracts_call_it(type_: Any, told: str) -> None:
    assert a_value(type_) == told


@pytest.mark.parametrize(
    ("rule", "counted", "told"),
    [
        (Required, {}, "1 of 3 rows has no email"),
        (
            Reference,
            {
                "columns": ("customer",),
                "target": None,
                "target_object": "c",
                "target_columns": ("id",),
            },
            "1 of 3 rows has a customer that is not in c (id);",
        ),
        (
            Parsed,
            {"type": ColumnType(Kind.LONG)},
            "1 of 3 rows has an email that is not an integer",
        ),
        (Length, {"minimum": 5, "maximum": 5}, "has an email that does not have 5 characters"),
        (Length, {"maximum": 1}, "that does not have at most 1 character;"),
        (Range, {"minimum": 0.0, "maximum": 0.1}, "that is not at least 0 and at most 0.1;"),
        (Allowed, {"values": ("a", "b")}, "1 of 3 rows has an email other than a, b;"),
    ],
)
def test_what_breaks_a_rule_is_a_sentence(rule: Any, counted: dict[str, Any], told: str) -> None:
    made = rule(id="x", message="m", column="email", **counted)
    assert told in outcome(made, 1, 3)


def test_a_single_row_is_one_row() -> None:
    key = Unique(id="k", message="m", columns=("id",))
    assert outcome(key, 1, 2) == "1 row beyond the first of (id); the contract allows none"
    rows = RowCount(id="n", message="m", bound=key.bound)
    assert outcome(rows, 1, 1) == "1 row; the contract allows none"
