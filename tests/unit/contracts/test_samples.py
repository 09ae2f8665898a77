"""The rows that break a rule are shown on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Contract, Property, Quality, Relationship

Column = Callable[..., Property]
Open = Callable[[pl.DataFrame], Any]
Promise = Callable[..., Contract]


def rule(contract: Contract, id_: str, partition_column: str | None = None) -> Rule:
    found = rules(contract, partition_column=partition_column)
    return next(each for each in found if each.id == id_)


def test_whole_rows_are_shown_at_most_so_many(
    promise: Promise, column: Column, opened: Open
) -> None:
    frame = pl.DataFrame({"a": [None, 1, None, None], "b": [1, 2, 3, 4]})
    required = rule(promise(column("a", required=True)), "a_required")
    assert failing_rows(required, opened(frame)).rows() == [(None, 1), (None, 3), (None, 4)]
    assert failing_rows(required, opened(frame), limit=1).rows() == [(None, 1)]


def test_of_a_repeated_key_all_rows_are_shown_together(
    promise: Promise, column: Column, opened: Open
) -> None:
    frame = pl.DataFrame({"a": ["x", "y", "x", "z", "y", None, None], "b": [1, 2, 3, 4, 5, 6, 7]})
    key = rule(promise(column("a", "string", unique=True)), "a_unique")
    found = failing_rows(key, opened(frame))
    assert found["a"].to_list() == ["x", "x", "y", "y"]
    assert sorted(found.rows()) == [("x", 1), ("x", 3), ("y", 2), ("y", 5)]


def test_of_a_key_that_is_published_elsewhere_the_rows_here_are_shown(
    promise: Promise, column: Column, opened: Open
) -> None:
    key = rule(promise(column("a", unique=True), column("day", "date")), "a_unique", "day")
    frame = pl.DataFrame({"a": [1, 2, 3, 3]})
    found = failing_rows(key, opened(frame), published=pl.LazyFrame({"a": [2, 9]}))
    assert found["a"].to_list() == [2, 3, 3]


def test_of_a_reference_the_rows_without_target_are_shown_as_they_are(
    promise: Promise, column: Column, opened: Open
) -> None:
    link = Relationship(("b",), "d/q/v1", "q", ("id",))
    contract = promise(column("a"), column("b"), relationships=[link])
    frame = pl.DataFrame({"a": [1, 2, 3], "b": [7, 8, None]})
    found = failing_rows(
        rule(contract, "b_in_d_q_v1"), opened(frame), reference=pl.LazyFrame({"id": [7]})
    )
    assert found.columns == ["a", "b"]
    assert found.rows() == [(2, 8)]


def test_a_rule_on_the_table_as_a_whole_has_no_failing_rows(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "rowCount", "mustBe", 0)
    contract = promise(column("b"), quality=[entry, Quality("sql")])
    frame = opened(pl.DataFrame({"a": [1]}))
    for id_ in ("schema", "row_count", "sql"):
        found = failing_rows(rule(contract, id_), frame)
        assert (found.columns, found.height) == (["a"], 0)


def test_a_rule_that_cannot_be_run_has_no_sample_and_says_why(
    promise: Promise, column: Column, opened: Open
) -> None:
    link = Relationship(("s",), "d/q/v1", "q", ("id",))
    look_around = column("s", "string", unique=True, options={"pattern": "(?=a)"})
    gone = column("gone", required=True, options={"minimum": 1})
    contract = promise(look_around, gone, relationships=[link])
    data = opened(pl.DataFrame({"s": ["a"]}))
    for id_, reason in {
        "s_pattern": "cannot be found",
        "gone_range": "gone is missing",
        "s_in_d_q_v1": "nothing of d/q/v1",
    }.items():
        with pytest.raises(EvaluationError, match=reason) as caught:
            failing_rows(rule(contract, id_), data)
        assert caught.value.code == "MESH-C003"
