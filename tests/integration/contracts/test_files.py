"""An audit of real Parquet files: many of them, broken ones, and one column of many."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

DAILY = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def checked() -> tuple[Rule, ...]:
    columns = (
        Property("day", type=ColumnType(Kind.DATE), primary_key=1),
        Property("id", type=ColumnType(Kind.LONG), primary_key=2, options={"minimum": 0}),
        Property("name", type=ColumnType(Kind.STRING), options={"pattern": "^n"}),
    )
    count = Quality("library", "rowCount", "mustBe", 1000)
    table = SchemaObject("t", columns, quality=(count,))
    contract = Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,))
    return rules(contract, partition_column="day")


def staged(folder: Path, days: int) -> pl.DataFrame:
    """A file of 1,000 rows a day; row 7 of the last day repeats row 6, row 8 has no `n`."""
    ids = pl.int_range(1000, eager=True)
    for number in range(days):
        day = pl.date(2013, 1, 1) + pl.duration(days=number)
        frame = pl.DataFrame({"id": ids}).select(
            day=day.cast(pl.Date), id="id", name=pl.format("n{}", "id")
        )
        if number == days - 1:
            frame = frame.with_columns(
                id=pl.when(pl.col("id") == 7).then(6).otherwise("id"),
                name=pl.when(pl.col("id") == 8).then(pl.lit("x")).otherwise("name"),
            ).cast({"id": pl.Int64})
        frame.write_parquet(folder / f"{number:03}.parquet")
    return pl.read_parquet(folder / "*.parquet")


def test_each_day_of_many_files_is_judged_by_itself(
    checked: tuple[Rule, ...], tmp_path: Path
) -> None:
    days = 40
    staged(tmp_path, days)
    found = audit(checked, pl.scan_parquet(tmp_path / "*.parquet"), partitioning=DAILY)
    assert len(found) == days * len(checked)
    broken = {(each.partition, each.rule): each.failed for each in found if each.failed}
    last = DAILY.shift("2013-01-01", days - 1)
    assert broken == {(last, "primary_key"): 1, (last, "name_pattern"): 1}


def test_a_broken_file_is_an_error_of_the_audit_and_no_verdict(
    checked: tuple[Rule, ...], tmp_path: Path
) -> None:
    staged(tmp_path, 2)
    file = tmp_path / "001.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(EvaluationError, match="cannot be read") as caught:
        audit(checked, pl.scan_parquet(tmp_path / "*.parquet"), partitioning=DAILY)
    assert caught.value.code == "MESH-C001"


def test_a_file_that_goes_while_the_audit_is_planned_is_an_error_of_the_audit(
    checked: tuple[Rule, ...], tmp_path: Path
) -> None:
    staged(tmp_path, 2)
    data = pl.scan_parquet([tmp_path / "000.parquet", tmp_path / "001.parquet"])
    data.collect_schema()
    (tmp_path / "001.parquet").unlink()
    with pytest.raises(EvaluationError, match="cannot be read"):
        audit(checked, data)
