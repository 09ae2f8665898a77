"""What contract tests once told wrongly, and tell rightly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mesh_dagster.contracts.selection import Selection
from mesh_dagster.contracts.standalone.asked import Options
from mesh_dagster.contracts.standalone.report import Report
from mesh_dagster.contracts.standalone.run import hold
from mesh_dagster.errors import UsageError

ENGINES = ("polars", "duckdb")


def held(folder: Path, column: str, data: pl.DataFrame, *, more: str = "", **asked: Any) -> Report:
    contract = folder / "t.odcs.yaml"
    contract.write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: t\nversion: 1.0.0\nstatus: active\n"
        f"schema:\n- name: t\n  properties:\n  - {{name: a, {column}}}\n{more}"
    )
    data.write_parquet(folder / "t.parquet")
    return hold(contract, [str(folder / "t.parquet")], Options(**asked))


def failed(report: Report, rule: str) -> Any:
    (found,) = [each for table in report.tables for each in table.results if each.rule == rule]
    return found.failed


def test_a_query_that_renames_columns_by_their_place_sees_all_of_them(tmp_path: Path) -> None:
    data = pl.DataFrame({"a": [5, 6], "s": [0, 0]})
    query = "SELECT COUNT(*) FROM t AS x(s) WHERE s > 1"
    quality = f"  quality:\n  - {{id: q, type: sql, query: '{query}', mustBe: 0}}\n"
    more = "  - {name: s, logicalType: integer}\n" + quality
    report = held(tmp_path, "logicalType: integer", data, more=more)
    assert report.verdict == "failed"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("promise", ["enum: [0.1]", "maximum: 0.1"])
def test_a_tenth_is_a_tenth_in_single_precision(tmp_path: Path, engine: str, promise: str) -> None:
    data = pl.DataFrame({"a": [0.1, 0.2]}, schema={"a": pl.Float32})
    options = f"logicalType: number, logicalTypeOptions: {{{promise}}}"
    rule = "a_allowed" if promise.startswith("enum") else "a_range"
    assert failed(held(tmp_path, options, data, engine=engine), rule) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_moment_is_compared_in_whatever_zone_it_is_kept(tmp_path: Path, engine: str) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    moments = pl.Series("a", [start, start - timedelta(seconds=1)], pl.Datetime("us", "UTC"))
    data = pl.DataFrame([moments.dt.convert_time_zone("Europe/Berlin")])
    options = "logicalType: timestamp, logicalTypeOptions: {minimum: '2020-01-01T00:00:00Z'}"
    assert failed(held(tmp_path, options, data, engine=engine), "a_range") == 1


def test_a_date_before_the_year_one_is_shown_as_a_sample(tmp_path: Path) -> None:
    data = pl.DataFrame({"a": pl.Series([-800_000], dtype=pl.Int32).cast(pl.Date)})
    options = "logicalType: date, logicalTypeOptions: {minimum: '2000-01-01'}"
    assert failed(held(tmp_path, options, data, samples=3), "a_range") == 1


def test_a_selection_that_leaves_no_rule_is_a_usage_error(tmp_path: Path) -> None:
    selection = Selection(only=("a_required",), skip=("a_required",))
    data = pl.DataFrame({"a": [1]})
    with pytest.raises(UsageError, match="no rule is left"):
        held(tmp_path, "logicalType: integer, required: true", data, selection=selection)


def test_a_dimension_that_a_contract_has_no_rule_of_is_no_usage_error(tmp_path: Path) -> None:
    data, column = pl.DataFrame({"a": [1]}), "logicalType: integer, required: true"
    both = Selection(only=("completeness", "uniqueness"), skip=("timeliness",))
    assert held(tmp_path, column, data, selection=both).verdict == "passed"
    with pytest.raises(UsageError, match="no rule is left"):
        held(tmp_path, column, data, selection=Selection(only=("uniqueness",)))
    with pytest.raises(UsageError, match="'uniquness'"):
        held(tmp_path, column, data, selection=Selection(only=("completeness", "uniquness")))
