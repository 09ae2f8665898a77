"""Rules on time and on history say on Spark what they say on Polars."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.contracts.audit.history.drift import against
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.descriptors import odcs
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.partition import Every, Partitioning

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17", allow_module_level=True)
pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: sales
version: 1.0.0
status: active
schema:
- name: sales
  properties:
  - {name: day, logicalType: date, physicalType: date}
  - {name: at, logicalType: timestamp, physicalType: timestamptz}
  - {name: item, logicalType: string, physicalType: string}
  - {name: amount, logicalType: number, physicalType: double}
  quality:
  - type: custom
    engine: mesh
    implementation: {metric: expectedRows, column: at, every: hour, timezone: America/New_York}
  - {type: custom, engine: mesh, implementation: {metric: rowCount}, mustBeLessThan: 1}
  - {type: custom, engine: mesh, implementation: {metric: nullShare, column: amount}, mustBe: 0}
  - {type: custom, engine: mesh, implementation: {metric: mean, column: amount}, mustBe: 0}
  - type: custom
    engine: mesh
    implementation: {metric: quantile, quantile: 0.9, column: amount}
    mustBe: 0
  - {type: custom, engine: mesh, implementation: {metric: categories, column: item}, mustBe: 0}
slaProperties:
- {property: freshness, value: 26, unit: h, element: sales.at}
- {property: retention, value: 6, unit: d, element: sales.at}
"""


@pytest.mark.parametrize("cut", [None, Partitioning(Every.DAY, "day", NOW - timedelta(days=30))])
def test_spark_says_what_polars_says(spark: Any, tmp_path: Path, cut: Partitioning | None) -> None:
    moments = [datetime(2013, 11, 2, 4, tzinfo=UTC) + timedelta(hours=2 * n) for n in range(24)]
    data = pl.DataFrame(
        {
            "day": [(at - timedelta(hours=4)).date() for at in moments],
            "at": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
            "item": [["tea", "coffee", None][number % 3] for number in range(24)],
            "amount": [None if number % 7 == 0 else float(number % 11) for number in range(24)],
        }
    )
    assert data["day"].min() == date(2013, 11, 2)
    before = data.head(9).with_columns(pl.col("amount") + 1)
    for name, frame in (("data", data), ("before", before)):
        frame.write_parquet(tmp_path / f"{name}.parquet")
    checked = rules(odcs.read(CONTRACT))

    def said(now: Any, earlier: Any) -> list[tuple[Any, ...]]:
        with clock.frozen(NOW):
            found = audit(checked, now, partitioning=cut, history=against(earlier))
        return [(r.rule, r.partition, r.verdict, r.checked, r.failed, r.message) for r in found]

    expected = said(data.lazy(), before.lazy())
    opened = [spark.read.parquet(str(tmp_path / f"{each}.parquet")) for each in ("data", "before")]
    assert said(*opened) == expected
    assert {verdict for _, _, verdict, *_ in expected} == {Verdict.PASSED, Verdict.FAILED}
