"""Files on Spark: the session that the environment names, and Parquet that it reads itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import polars as pl

from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.errors import EvaluationError, MissingExtra, first_line

REMOTE = "SPARK_REMOTE"
_PLAIN = (pl.Boolean, pl.Int32, pl.Int64, pl.Float32, pl.Float64, pl.String, pl.Date, pl.Decimal)
"""Types that Spark reads from Parquet as what they are."""


@dataclass(frozen=True, slots=True)
class _Stopped:
    """Ends a session that this audit began."""

    session: Any

    def close(self) -> None:
        self.session.stop()


def session(spool: Spool) -> Any:
    """The active Spark session, or one as `SPARK_REMOTE` or Spark's own configuration says.

    Days are told in UTC. Raises `MissingExtra` without pyspark and `EvaluationError` where
    Spark does not start.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtra("--engine spark", "spark") from None
    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    builder = SparkSession.builder.appName("mesh contract test")
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    if not os.environ.get(REMOTE):
        builder = builder.config("spark.ui.showConsoleProgress", "false")
        builder = builder.config("spark.ui.enabled", "false")
    try:
        begun = builder.getOrCreate()
    except Exception as error:
        raise EvaluationError(
            f"Spark does not start: {first_line(error)}",
            code="MESH-C071",
            fix=f"install Java 17 and set JAVA_HOME, or name a cluster: {REMOTE}=sc://host:15002",
        ) from error
    spool.keep(_Stopped(begun))
    if not os.environ.get(REMOTE):
        begun.sparkContext.setLogLevel("ERROR")
    return begun


def read_directly(data: DataSet, rows: Any, spool: Spool) -> Any | None:
    """The files as Spark reads them itself, where it finds the same in them; else None.

    `rows` is what Polars finds in them. Folders of partitions, and types that Spark has other
    names for, go by way of a copy.
    """
    if data.format is not Format.PARQUET or not isinstance(rows, pl.LazyFrame):
        return None
    partitioned = any("=" in part for path in data.paths for part in path.parent.parts)
    if partitioned or not all(map(_is_plain, rows.collect_schema().dtypes())):
        return None
    paths = [str(path.absolute()) for path in data.paths]
    return session(spool).read.option("mergeSchema", len(paths) > 1).parquet(*paths)


def _is_plain(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.Datetime):
        return dtype.time_unit == "us"
    if isinstance(dtype, pl.List):
        return _is_plain(_instance(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return all(_is_plain(_instance(each.dtype)) for each in dtype.fields)
    return isinstance(dtype, _PLAIN)


def _instance(dtype: Any) -> Any:
    return dtype() if isinstance(dtype, type) else dtype
