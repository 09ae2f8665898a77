"""Files on Spark: what it reads itself, and what is said where it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mesh_dagster.contracts.files import spark
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.errors import MissingExtra
from mesh_dagster.model.contract import SchemaObject


def test_a_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with Spool() as spool, pytest.raises(MissingExtra) as caught:
        spark.session(spool)
    assert caught.value.fix == "pip install 'mesh-dagster[spark]'"


def test_a_machine_without_java_is_told_what_it_needs(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    asked = (
        "from mesh_dagster.contracts.files import spark\n"
        "from mesh_dagster.contracts.files.spool import Spool\n"
        "from mesh_dagster.errors import EvaluationError\n"
        "with Spool() as spool:\n"
        "    try:\n"
        "        spark.session(spool)\n"
        "    except EvaluationError as error:\n"
        "        print(error.code, error.what, error.fix)\n"
    )
    env = {**os.environ, "JAVA_HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True
    )
    assert "MESH-C071 Spark does not start" in ended.stdout
    assert "Java 17" in ended.stdout


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"a": pl.Series([1], dtype=pl.UInt32)}),
        pl.DataFrame({"a": pl.Series([datetime(2020, 1, 1, tzinfo=UTC)]).dt.cast_time_unit("ns")}),
        pl.DataFrame({"a": pl.Series([[1]], dtype=pl.List(pl.Int8))}),
    ],
)
def test_what_spark_has_other_names_for_goes_by_way_of_a_copy(
    frame: pl.DataFrame, tmp_path: Path
) -> None:
    data = DataSet(SchemaObject("t"), Format.PARQUET, [tmp_path / "t.parquet"])
    with Spool() as spool:
        assert spark.read_directly(data, frame.lazy(), spool) is None


def test_folders_of_partitions_and_other_formats_go_by_way_of_a_copy(tmp_path: Path) -> None:
    rows = pl.LazyFrame({"a": [1]})
    parts = DataSet(SchemaObject("t"), Format.PARQUET, [tmp_path / "day=1" / "t.parquet"])
    texts = DataSet(SchemaObject("t"), Format.CSV, [tmp_path / "t.csv"])
    with Spool() as spool:
        assert spark.read_directly(parts, rows, spool) is None
        assert spark.read_directly(texts, rows, spool) is None
