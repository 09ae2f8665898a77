"""What an audit says of data, on every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Contract, Property, Quality, Relationship
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.types import ColumnType, Kind

Column = Callable[..., Property]
Open = Callable[[pl.DataFrame], Any]
Promise = Callable[..., Contract]


def results(contract: Contract, data: Any, **more: Any) -> dict[str, RuleResult]:
    return {each.rule: each for each in audit(rules(contract), data, **more)}


def failed(contract: Contract, data: Any, rule: str, **more: Any) -> int | None:
    result = results(contract, data, **more)[rule]
    assert result.verdict in (Verdict.PASSED, Verdict.FAILED), result.message
    assert (result.verdict is Verdict.FAILED) == bool(result.failed)
    return result.failed


def test_clean_data_passes_every_rule(promise: Promise, column: Column, opened: Open) -> None:
    contract = promise(
        column("id", primary_key=1),
        column("name", "string", options={"maxLength": 3, "pattern": "^[a-z]+$"}),
        quality=[Quality("library", "rowCount", "mustBeGreaterThan", 0)],
    )
    found = results(contract, opened(pl.DataFrame({"id": [1, 2], "name": ["ab", None]})))
    assert {each.verdict for each in found.values()} == {Verdict.PASSED}
    assert not any(each.blocks for each in found.values())


def test_a_result_carries_what_the_contract_says_of_the_rule(
    promise: Promise, column: Column, opened: Open
) -> None:
    data = opened(pl.DataFrame({"a": [None, 1, 1]}, schema={"a": pl.Int64}))
    result = results(promise(column("a", required=True)), data, port="late")["a_required"]
    assert result == RuleResult(
        rule="a_required",
        kind="required",
        verdict=Verdict.FAILED,
        severity=Severity.ERROR,
        message="1 of 3 rows has no a; the contract allows none",
        column="a",
        dimension="completeness",
        checked=3,
        failed=1,
        port="late",
        partition=None,
        where="contract:a",
    )


def test_a_violated_rule_of_severity_warning_warns_and_does_not_block(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "nullValues", "mustBe", 0, severity=Severity.WARNING)
    data = opened(pl.DataFrame({"a": [None]}, schema={"a": pl.Int64}))
    result = results(promise(column("a", quality=(entry,))), data)["a_null_values"]
    assert result.verdict is Verdict.WARNED
    assert not result.blocks


@pytest.mark.parametrize(
    ("kind", "values", "options", "count"),
    [
        ("long", [0, 1, 5, 6, None], {"minimum": 1, "maximum": 5}, 2),
        ("long", [1, 2, 4, 5], {"exclusiveMinimum": 1, "exclusiveMaximum": 5}, 2),
        ("int", [0, 1, 2], {"minimum": 0.5}, 1),
        ("double", [0.0, -0.5, float("nan"), None], {"minimum": 0}, 2),
        ("double", [0.0, 1.5, float("nan"), None], {"maximum": 1}, 2),
        ("double", [float("nan"), float("inf")], {"minimum": 0, "maximum": 1}, 2),
        ("date", [date(2012, 12, 31), date(2013, 1, 1)], {"minimum": "2013-01-01"}, 1),
        (
            "timestamp",
            [datetime(2013, 1, 1), datetime(2013, 1, 2)],  # noqa: DTZ001
            {"exclusiveMaximum": "2013-01-02"},
            1,
        ),
        (
            "timestamptz",
            [datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 2, tzinfo=UTC)],
            {"maximum": "2013-01-01T12:00:00+02:00"},
            1,
        ),
        ("time", [time(1), time(23)], {"maximum": "12:00:00"}, 1),
    ],
)
def test_values_beyond_an_end_of_the_range_are_counted(
    promise: Promise,
    column: Column,
    opened: Open,
    kind: str,
    values: list[Any],
    options: dict[str, Any],
    count: int,
) -> None:
    types: dict[str, Any] = {
        "int": pl.Int32(),
        "long": pl.Int64(),
        "double": pl.Float64(),
        "timestamptz": pl.Datetime("us", "UTC"),
    }
    data = opened(pl.DataFrame({"a": pl.Series(values, dtype=types.get(kind))}))
    contract = promise(column("a", kind, options=options))
    assert failed(contract, data, "a_range") == count


def test_decimals_are_held_against_exact_numbers(promise: Promise, opened: Open) -> None:
    dtype = ColumnType(Kind.DECIMAL, precision=10, scale=2)
    amount = Property("a", type=dtype, options={"maximum": 0.1, "enum": [0.1, 0.2]})
    values = [Decimal("0.10"), Decimal("0.11"), Decimal("0.20"), None]
    data = opened(pl.DataFrame({"a": pl.Series(values, dtype=pl.Decimal(10, 2))}))
    assert failed(promise(amount), data, "a_range") == 2
    assert failed(promise(amount), data, "a_allowed") == 1


@pytest.mark.parametrize(
    ("option", "count"),
    [
        ({"enum": ["a", "öö"]}, 2),
        ({"minLength": 2}, 1),
        ({"maxLength": 2}, 1),
        ({"minLength": 2, "maxLength": 2}, 2),
        ({"pattern": "b"}, 2),
        ({"pattern": "^.b"}, 3),
    ],
)
def test_texts_that_break_a_rule_are_counted_and_nulls_are_none(
    promise: Promise, column: Column, opened: Open, option: dict[str, Any], count: int
) -> None:
    data = opened(pl.DataFrame({"s": ["a", "öö", "bbb", "bb", None]}).head(5))
    contract = promise(column("s", "string", options=option))
    (rule,) = rules(contract)[1:]
    values = {"a", "öö", "bbb", "bb"}
    expected = {
        "allowed": len(values - {"a", "öö"}),
        "length": sum(
            not option.get("minLength", 0) <= len(each) <= option.get("maxLength", 9)
            for each in values
        ),
        "pattern": {"b": 2, "^.b": 2}.get(option.get("pattern", ""), 0),
    }[rule.kind]
    assert failed(contract, data, rule.id) == expected


def test_an_empty_list_allows_nothing_but_nulls(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "invalidValues", "mustBe", 0, {"validValues": [None]})
    data = opened(pl.DataFrame({"a": [1, None]}))
    assert failed(promise(column("a", quality=(entry,))), data, "a_invalid_values") == 1


def test_values_that_stand_for_missing_ones_are_missing(
    promise: Promise, column: Column, opened: Open
) -> None:
    arguments = {"missingValues": ["", "N/A", None]}
    entry = Quality("library", "missingValues", "mustBe", 0, arguments)
    data = opened(pl.DataFrame({"s": ["", "N/A", "n/a", None]}))
    assert failed(promise(column("s", "string", quality=(entry,))), data, "s_missing_values") == 3


@pytest.mark.parametrize(
    ("operator", "threshold", "verdict"),
    [
        ("mustBe", 25, Verdict.PASSED),
        ("mustBeLessThan", 25, Verdict.FAILED),
        ("mustBeBetween", [20, 25], Verdict.PASSED),
        ("mustNotBeBetween", [20, 25], Verdict.FAILED),
    ],
)
def test_a_share_of_rows_is_held_against_the_bound(
    promise: Promise,
    column: Column,
    opened: Open,
    operator: str,
    threshold: Any,
    verdict: Verdict,
) -> None:
    entry = Quality("library", "nullValues", operator, threshold, unit="percent")
    data = opened(pl.DataFrame({"a": [1, 2, 3, None]}))
    result = results(promise(column("a", quality=(entry,))), data)["a_null_values"]
    assert (result.verdict, result.failed) == (verdict, 1)
    assert "25" in result.message


def test_the_number_of_rows_is_checked_of_no_rows_too(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "rowCount", "mustBeGreaterThan", 0)
    contract = promise(column("a", required=True, unique=True), quality=[entry])
    found = results(contract, opened(pl.DataFrame({"a": []}, schema={"a": pl.Int64})))
    assert found["row_count"].verdict is Verdict.FAILED
    assert found["row_count"].message == "0 rows; the contract says more than 0"
    assert (found["a_required"].failed, found["a_unique"].failed) == (0, 0)


def test_rows_beyond_the_first_of_each_key_are_counted(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(column("a", "string", primary_key=1), column("b", primary_key=2))
    data = opened(pl.DataFrame({"a": ["x", "x", "x", "y", None, None], "b": [1, 1, 1, 1, 2, 2]}))
    result = results(contract, data)["primary_key"]
    assert result.failed == 2
    assert result.message == "2 rows beyond the first of (a, b); the contract allows none"


def test_schema_differences_are_all_told_at_the_line_of_the_first(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(
        column("id", "int"), column("gone", required=True), column("maybe", "string")
    )
    data = opened(pl.DataFrame({"id": [1], "more": ["x"], "_recorded_at": [datetime.now(UTC)]}))
    result = results(contract, data)["schema"]
    assert (result.verdict, result.checked, result.failed) == (Verdict.FAILED, 3, 3)
    assert "id is long in the data, int in the contract" in result.message
    assert "gone is required and missing" in result.message
    assert "more (string) is in the data and not in the contract" in result.message
    assert "_recorded_at" not in result.message
    assert result.where == "contract:id"


def test_an_optional_column_that_is_absent_reads_as_nulls(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "nullValues", "mustBe", 0, severity=Severity.WARNING)
    kinds = ("long", "double", "string", "date", "timestamp", "timestamptz", "boolean")
    absent = [column(f"x_{kind}", kind, unique=True, quality=(entry,)) for kind in kinds]
    found = results(promise(column("a"), *absent), opened(pl.DataFrame({"a": [1, 2]})))
    assert found["schema"].verdict is Verdict.PASSED
    for kind in kinds:
        assert found[f"x_{kind}_unique"].verdict is Verdict.PASSED
        assert found[f"x_{kind}_null_values"].failed == 2


def test_a_rule_on_a_missing_column_says_so_and_the_others_run(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(
        column("gone", required=True, unique=True, options={"minimum": 1}),
        column("a", required=True),
        relationships=[Relationship(("gone",), "d/q/v1", "q", ("id",))],
    )
    target = {"gone_in_d_q_v1": pl.LazyFrame({"id": [1]})}
    found = results(contract, opened(pl.DataFrame({"a": [1]})), references=target)
    for rule in ("gone_unique", "gone_range", "gone_in_d_q_v1"):
        assert found[rule].verdict is Verdict.ERROR
        assert "gone is missing in the data" in found[rule].message
        assert (found[rule].checked, found[rule].failed) == (None, None)
    assert found["a_required"].verdict is Verdict.PASSED


def test_no_row_has_a_value_of_a_required_column_that_is_missing(
    promise: Promise, column: Column, opened: Open
) -> None:
    entry = Quality("library", "missingValues", "mustBeLessThan", 100, unit="percent")
    contract = promise(column("gone", required=True, quality=(entry,)), column("a"))
    found = results(contract, opened(pl.DataFrame({"a": [1, None]})))
    for rule in ("gone_required", "gone_missing_values"):
        assert found[rule].verdict is Verdict.FAILED
        assert (found[rule].checked, found[rule].failed) == (2, 2)
    assert found["gone_required"].message.startswith("2 of 2 rows have no gone")


def test_a_rule_on_a_column_of_another_type_says_so_and_the_others_run(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(
        column("a", required=True, options={"minimum": 1}),
        column("s", "string", options={"pattern": "x"}),
        column("d", "date", options={"minimum": "2013-01-01"}),
    )
    data = opened(pl.DataFrame({"a": ["1"], "s": [1], "d": [time(8)]}))
    found = results(contract, data)
    assert found["schema"].failed == 3
    for rule in ("a_range", "s_pattern", "d_range"):
        assert found[rule].verdict is Verdict.ERROR
        assert "in the data" in found[rule].message
    assert found["a_required"].verdict is Verdict.PASSED


def test_what_one_rule_runs_into_sinks_no_other(
    promise: Promise, column: Column, opened: Open
) -> None:
    texts = [
        column(f"s{number}", "string", options={"pattern": pattern})
        for number, pattern in enumerate(["a", "(?=a)", "b", "(", "c"])
    ]
    data = opened(pl.DataFrame({f"s{number}": ["a", "b"] for number in range(5)}))
    found = results(promise(*texts), data)
    verdicts = [found[f"s{number}_pattern"].verdict for number in range(5)]
    assert verdicts == [
        Verdict.FAILED,
        Verdict.ERROR,
        Verdict.FAILED,
        Verdict.ERROR,
        Verdict.FAILED,
    ]
    assert found["s0_pattern"].failed == 1
    assert found["s1_pattern"].blocks


def test_what_cannot_be_run_is_a_result_and_never_left_out(
    promise: Promise, column: Column, opened: Open
) -> None:
    contract = promise(column("a"), quality=[Quality("sql"), Quality("text", name="be nice")])
    found = results(contract, opened(pl.DataFrame({"a": [1]})))
    assert found["sql"].verdict is Verdict.ERROR
    assert found["sql"].blocks
    assert "there is no `query` to run" in found["sql"].message
    assert found["be_nice"].verdict is Verdict.UNVERIFIED
    assert not found["be_nice"].blocks


def test_rows_whose_key_is_not_in_the_target_are_counted(
    promise: Promise, column: Column, opened: Open
) -> None:
    link = Relationship(("a", "b"), "d/q/v1", "q", ("x", "y"), severity=Severity.ERROR)
    contract = promise(column("a"), column("b", "string"), relationships=[link])
    data = pl.DataFrame({"a": [1, 1, 2, 2, None], "b": ["p", "q", "p", None, "p"]})
    target = pl.LazyFrame({"y": ["p", "p", None], "x": [1, 1, 2], "z": [0, 0, 0]})
    found = results(contract, opened(data), references={"a_b_in_d_q_v1": target})["a_b_in_d_q_v1"]
    assert (found.verdict, found.checked, found.failed) == (Verdict.FAILED, 5, 2)
    assert found.message == (
        "2 of 5 rows have a (a, b) that is not in d/q/v1 (x, y); the contract allows none"
    )


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("d/q/v1 has never been published", "d/q/v1 has never been published"),
        (pl.LazyFrame({"other": [1]}), "d/q/v1 has no column id"),
        (pl.LazyFrame({"id": ["1"]}), "a is int64 and id of d/q/v1 is string"),
        (None, "nothing of d/q/v1 was handed over"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_an_error_at_its_severity(
    promise: Promise, column: Column, opened: Open, target: Any, reason: str
) -> None:
    link = Relationship(("a",), "d/q/v1", "q", ("id",))
    data = opened(pl.DataFrame({"a": [1]}))
    for severity in Severity:
        contract = promise(column("a"), relationships=[replace(link, severity=severity)])
        handed = {} if target is None else {"a_in_d_q_v1": target}
        found = results(contract, data, references=handed)["a_in_d_q_v1"]
        assert (found.verdict, found.severity) == (Verdict.ERROR, severity)
        assert reason in found.message
        assert found.blocks == (severity is Severity.ERROR)


def test_integers_of_two_sizes_refer_to_each_other(
    promise: Promise, column: Column, opened: Open
) -> None:
    link = Relationship(("a",), "d/q/v1", "q", ("id",), severity=Severity.ERROR)
    contract = promise(column("a", "int"), relationships=[link])
    data = opened(pl.DataFrame({"a": [1, 2]}, schema={"a": pl.Int32}))
    target = pl.LazyFrame({"id": [1]})
    assert failed(contract, data, "a_in_d_q_v1", references={"a_in_d_q_v1": target}) == 1


def test_a_reference_into_the_table_itself_needs_nothing_handed_over(
    promise: Promise, column: Column, opened: Open
) -> None:
    link = Relationship(("boss",), None, "t", ("id",), severity=Severity.ERROR)
    contract = promise(column("id"), column("boss"), relationships=[link])
    data = opened(pl.DataFrame({"id": [1, 2, 3], "boss": [None, 1, 9]}))
    assert failed(contract, data, "boss_in_t") == 1
    elsewhere = pl.LazyFrame({"id": [9], "boss": [None]}, schema={"id": pl.Int64, "boss": pl.Int64})
    assert failed(contract, data, "boss_in_t", published=elsewhere) == 0


def test_a_target_may_be_of_another_engine(promise: Promise, column: Column) -> None:
    link = Relationship(("a",), "d/q/v1", "q", ("id",), severity=Severity.ERROR)
    contract = promise(column("a"), relationships=[link])
    target = duckdb.connect().sql("select 1::bigint as id")
    data = pl.LazyFrame({"a": [1, 2]})
    assert failed(contract, data, "a_in_d_q_v1", references={"a_in_d_q_v1": target}) == 1


def test_names_that_differ_in_case_only_do_not_mix(promise: Promise, column: Column) -> None:
    contract = promise(column("A", required=True), column("a", required=True))
    found = results(contract, pl.LazyFrame({"A": [1, None], "a": [1, 2]}))
    assert [found["A_required"].failed, found["a_required"].failed] == [1, 0]


def test_data_that_cannot_be_opened_is_an_error_of_the_audit(
    promise: Promise, column: Column, tmp_path: Any
) -> None:
    checked: Sequence[Any] = rules(promise(column("a")))
    gone = pl.scan_parquet(tmp_path / "gone.parquet")
    with pytest.raises(EvaluationError, match="cannot be read") as caught:
        audit(checked, gone)
    assert caught.value.code == "MESH-C001"


@pytest.mark.parametrize("name", ["^id$", "*", "^.*$"])
@pytest.mark.parametrize("there", [True, False])
def test_a_column_named_like_a_pattern_is_not_judged_by_another_column(
    promise: Promise, column: Column, name: str, there: bool
) -> None:
    data = pl.DataFrame({"id": [1, 2], **({name: [1, None]} if there else {})})
    of_contract = rules(promise(column("id"), column(name, required=True)))
    with pytest.raises(EvaluationError, match="named like a pattern"):
        audit(of_contract, data.lazy())


def test_an_extra_column_named_like_a_pattern_is_refused(promise: Promise, column: Column) -> None:
    data = pl.LazyFrame({"id": [1], "^id$": [None]})
    with pytest.raises(EvaluationError, match="named like a pattern"):
        audit(rules(promise(column("id", required=True))), data)
