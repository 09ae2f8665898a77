"""Values at the edges of their types are counted exactly, and alike on every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.finding import Verdict

Read = Callable[[str], Contract]
Written = Callable[..., Any]
ENGINES = ("polars", "duckdb")
NEW_YEAR = 1_704_067_200  # 2024-01-01, in seconds


@pytest.fixture(params=ENGINES)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Written:
    """`written(frame)` is a Parquet file as each engine reads it by itself."""

    def write(frame: pl.DataFrame) -> Any:
        path = tmp_path / "d.parquet"
        frame.write_parquet(path)
        if request.param == "polars":
            return pl.scan_parquet(path)
        database = duckdb.connect()
        database.execute("SET TimeZone = 'UTC'")
        return database.read_parquet(str(path))

    return write


def failed(contract: Contract, data: Any, rule: str) -> int | None:
    found = {each.rule: each for each in audit(rules(contract, standalone=True), data)}[rule]
    assert found.verdict is not Verdict.ERROR, found.message
    return found.failed


def moments(unit: str, *counts: int, zone: str | None = None) -> pl.Series:
    return pl.Series(counts, dtype=pl.Int64).cast(pl.Datetime(unit, zone))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "values", "count"),
    [
        (r"^\d+$", ["1", "١٢", "a"], 1),
        (r"^\w+$", ["a", "é", "日本", " "], 1),
        (r"^\s$", ["\u00a0", " ", "\u2003", "x"], 1),
        (r"\bé\b", ["é", "aéa"], 1),
        (r"^\D$", ["a", "١"], 1),
        (r"^[a-z&&[^b]]$", ["a", "b"], 1),
        ("^\\u0041$", ["A", "u0041"], 1),
        (r"^a{0,2000}$", ["a" * 1500, "b"], 1),
        (r"^(?<n>a)$", ["a", "b"], 1),
    ],
)
def test_a_pattern_means_what_rusts_regexes_mean_on_every_engine(
    contract_text: Read, written: Written, pattern: str, values: list[str], count: int
) -> None:
    contract = contract_text(f"- name: a\n  logicalTypeOptions: {{pattern: '{pattern}'}}")
    data = written(pl.DataFrame({"a": values}))
    assert failed(contract, data, "a_pattern") == count
    (rule,) = (each for each in rules(contract) if each.id == "a_pattern")
    assert failing_rows(rule, data)["a"].to_list() == values[-1:]


@pytest.mark.parametrize(
    ("options", "values", "count"),
    [
        ("maximum: '2024-01-01T00:00:00Z'", moments("ns", NEW_YEAR * 10**9 + 1, zone="UTC"), 1),
        ("maximum: '2024-01-01T00:00:00Z'", moments("ns", NEW_YEAR * 10**9, zone="UTC"), 0),
        (
            "exclusiveMaximum: '2024-01-01T00:00:00.000500Z'",
            moments("ms", NEW_YEAR * 1000, NEW_YEAR * 1000 + 1, zone="UTC"),
            1,
        ),
        ("minimum: '2024-01-01T00:00:00.0005Z'", moments("ms", NEW_YEAR * 1000, zone="UTC"), 1),
        (
            "minimum: '0001-01-01T00:00:00Z', maximum: '9999-12-31T23:59:59Z'",
            moments("ns", 0, zone="UTC"),
            0,
        ),
        ("maximum: '0001-01-01T00:00:00Z'", moments("ns", 0, zone="UTC"), 1),
        (
            "minimum: '0001-01-01T00:00:00Z', maximum: '9999-12-31T23:59:59Z'",
            moments("us", 0, zone="America/New_York"),
            0,
        ),
    ],
)
def test_moments_of_every_precision_are_held_against_ends_exactly(
    contract_text: Read, written: Written, options: str, values: pl.Series, count: int
) -> None:
    contract = contract_text(
        f"- name: a\n  logicalType: timestamp\n  logicalTypeOptions: {{{options}}}"
    )
    assert failed(contract, written(pl.DataFrame({"a": values})), "a_range") == count


@pytest.mark.parametrize("end", ["2024-01-01T05:00:00Z", "2024-01-01T00:00:00"])
def test_the_same_moment_is_the_same_end_however_its_zone_is_told(
    contract_text: Read, written: Written, end: str
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: timestamp\n"
        f"  logicalTypeOptions: {{minimum: '{end}', defaultTimezone: America/New_York}}"
    )
    data = written(pl.DataFrame({"a": moments("us", NEW_YEAR * 10**6 - 1, NEW_YEAR * 10**6)}))
    assert failed(contract, data, "a_range") == 1


def test_a_moment_of_an_enum_is_found_in_a_column_of_nanoseconds(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: timestamp\n"
        "  enum: [{value: '2024-01-01T00:00:00Z'}, {value: '0001-01-01T00:00:00Z'}]"
    )
    values = moments("ns", NEW_YEAR * 10**9, NEW_YEAR * 10**9 + 1, zone="UTC")
    assert failed(contract, written(pl.DataFrame({"a": values})), "a_allowed") == 1


def test_times_of_a_parquet_file_are_times_on_every_engine(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: time\n  logicalTypeOptions: {maximum: '12:00:00'}"
    )
    data = written(pl.DataFrame({"a": [time(12), time(12, 0, 0, 1)]}))
    assert failed(contract, data, "schema") == 0
    assert failed(contract, data, "a_range") == 1


@pytest.mark.parametrize(
    ("promise", "values", "rule", "count"),
    [
        ("logicalTypeOptions: {maximum: 9007199254740992}", [2**53, 2**53 + 1], "a_range", 1),
        ("logicalTypeOptions: {maximum: 9007199254740993}", [2**53 + 1, 2**53 + 2], "a_range", 1),
        ("logicalTypeOptions: {exclusiveMinimum: 0.5}", [0, 1], "a_range", 1),
        ("logicalTypeOptions: {multipleOf: 9007199254740993}", [2**53, 2**53 + 1], "a_multiple", 1),
        ("enum: [{value: 9007199254740993}, {value: 0.5}]", [2**53, 2**53 + 1], "a_allowed", 1),
        ("enum: [{value: 2.5}]", [2, 3], "a_allowed", 2),
        ("enum: [{value: 2.0}]", [2, 3], "a_allowed", 1),
        ("enum: [{value: 2}, {value: 18446744073709551616}]", [2, 3], "a_allowed", 1),
    ],
)
def test_numbers_are_held_against_whole_numbers_without_rounding(
    contract_text: Read, written: Written, promise: str, values: list[int], rule: str, count: int
) -> None:
    contract = contract_text(f"- name: a\n  logicalType: number\n  {promise}")
    assert failed(contract, written(pl.DataFrame({"a": values})), rule) == count


def test_a_multiple_in_single_precision_is_one_by_its_decimals(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: number\n  logicalTypeOptions: {multipleOf: 0.1}"
    )
    values = pl.Series([0.1, 0.2, 0.3, 0.7, 0.25], dtype=pl.Float32)
    assert failed(contract, written(pl.DataFrame({"a": values})), "a_multiple") == 1


def test_a_column_whose_type_knows_only_null_breaks_no_rule_on_values(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: string\n  required: true\n"
        "  logicalTypeOptions: {pattern: x, maxLength: 1, format: uuid}\n"
        "- name: b\n  logicalType: integer\n  logicalTypeOptions: {minimum: 1, multipleOf: 3}"
    )
    data = written(pl.DataFrame({"a": [None, None], "b": [None, None]}))
    for rule in ("a_pattern", "a_length", "a_format", "b_range", "b_multiple"):
        assert failed(contract, data, rule) == 0
    assert failed(contract, data, "a_required") == 2


@pytest.mark.parametrize("newest", ["infinity", "-infinity"])
def test_a_moment_without_end_is_judged_and_ends_no_audit(
    contract_text: Read, column: Callable[..., Property], newest: str
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: timestamp\n- name: b\n  required: true",
        "slaProperties: [{property: freshness, value: 1, unit: d, element: t.a}]",
    )
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    data = database.sql(f"SELECT timestamptz '{newest}' AS a, 'x' AS b")
    assert failed(contract, data, "b_required") == 0
    assert failed(contract, data, "a_freshness") == (newest == "-infinity")


def test_a_pattern_on_a_column_that_is_missing_says_so(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text("- name: a\n  required: true\n  logicalTypeOptions: {pattern: x}")
    data = written(pl.DataFrame({"b": [1]}))
    (found,) = (each for each in audit(rules(contract), data) if each.rule == "a_pattern")
    assert found.message.endswith("could not be checked, a is missing in the data")


def test_days_at_the_ends_of_time_are_compared(contract_text: Read, written: Written) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: date\n"
        "  logicalTypeOptions: {minimum: '0001-01-01', maximum: '9999-12-31'}"
    )
    data = written(pl.DataFrame({"a": [date(1, 1, 1), date(9999, 12, 31)]}))
    assert failed(contract, data, "a_range") == 0


@pytest.mark.parametrize(
    ("end", "count"),
    [
        ("minimum: 1e38", 2),
        ("maximum: 1e38", 0),
        ("exclusiveMaximum: -1e40", 2),
        ("exclusiveMinimum: -1e40", 0),
        ("minimum: 0.001", 1),
        ("exclusiveMinimum: 4.999", 1),
    ],
)
def test_ends_that_a_decimal_cannot_hold_bound_it_all_the_same(
    contract_text: Read, written: Written, end: str, count: int
) -> None:
    contract = contract_text(f"- name: a\n  logicalType: number\n  logicalTypeOptions: {{{end}}}")
    values = pl.Series([-(10**38) + 1, 5], dtype=pl.Decimal(38, 0))
    assert failed(contract, written(pl.DataFrame({"a": values})), "a_range") == count


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
@pytest.mark.parametrize("end", ["maximum: 1000", "minimum: 0, maximum: 1.0e308", "minimum: -1"])
def test_nan_lies_in_no_range_whatever_the_statistics_of_its_file_say(
    contract_text: Read, written: Written, dtype: type[pl.DataType], end: str
) -> None:
    contract = contract_text(f"- name: a\n  logicalType: number\n  logicalTypeOptions: {{{end}}}")
    data = written(pl.DataFrame({"a": [1.0, float("nan"), None]}, schema={"a": dtype}))
    assert failed(contract, data, "a_range") == 1


def test_a_query_sees_nan_in_a_frame_as_in_a_table(contract_text: Read) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: number\n  quality:\n  - name: high\n    type: sql\n"
        "    query: SELECT COUNT(*) FROM t WHERE a > 1000\n    mustBe: 0"
    )
    found = audit(rules(contract), pl.LazyFrame({"a": [1.0, float("nan")]}))
    (high,) = (each for each in found if each.rule == "high")
    assert (high.verdict, high.failed) == (Verdict.FAILED, 1)


def test_times_and_moments_in_nanoseconds_within_columns_are_judged(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: array\n  items:\n    logicalType: object\n    properties:\n"
        "    - {name: at, logicalType: timestamp,"
        " logicalTypeOptions: {maximum: '2024-01-01T00:00:00Z'}}\n"
        "    - {name: hour, logicalType: time, enum: [{value: '12:00:00'}]}"
    )
    late = moments("ns", NEW_YEAR * 10**9, NEW_YEAR * 10**9 + 1, zone="UTC")
    items = pl.DataFrame({"at": late, "hour": [time(12), time(12, 0, 0, 1)]})
    data = written(pl.DataFrame({"a": [items.to_struct()]}))
    assert failed(contract, data, "a_items_at_range") == 1
    assert failed(contract, data, "a_items_hour_allowed") == 1


def test_a_great_float_that_is_no_multiple_of_a_whole_number_is_found(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: number\n  logicalTypeOptions: {multipleOf: 3}"
    )
    values = [3.0, 16777215.0, 16777216.0, 1e10, float("inf")]
    data = written(pl.DataFrame({"a": values}, schema={"a": pl.Float32}))
    assert failed(contract, data, "a_multiple") == 3


def test_a_moment_of_an_enum_is_in_the_default_time_zone(
    contract_text: Read, written: Written
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: timestamp\n  enum: [{value: '2024-01-01T01:00:00'}]\n"
        "  logicalTypeOptions: {defaultTimezone: Europe/Berlin}"
    )
    values = moments("us", NEW_YEAR * 10**6, (NEW_YEAR + 3600) * 10**6, zone="UTC")
    data = written(pl.DataFrame({"a": values}))
    assert failed(contract, data, "a_allowed") == 1


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Decimal(38, 2), pl.Float64])
def test_of_a_number_beyond_its_type_only_zero_is_a_multiple(
    contract_text: Read, written: Written, dtype: pl.DataType
) -> None:
    contract = contract_text(
        "- name: a\n  logicalType: number\n  logicalTypeOptions: {multipleOf: 1.0e+100}"
    )
    data = written(pl.DataFrame({"a": pl.Series([0, 5, None]).cast(dtype)}))
    assert failed(contract, data, "a_multiple") == 1
