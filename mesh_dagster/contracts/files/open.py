"""Open the data of a table, in whatever format, on whatever engine."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from mesh_dagster.contracts.files import spark
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.locked import locked
from mesh_dagster.errors import EvaluationError, MeshError, first_line
from mesh_dagster.ports.sql import quoted

_HUGE = ("HUGEINT", "UHUGEINT")
_WHOLE = "DECIMAL(38, 0)"


class Engine(StrEnum):
    """What runs the rules."""

    POLARS = "polars"
    DUCKDB = "duckdb"
    SPARK = "spark"


def open_data(data: DataSet, spool: Spool, engine: Engine | None = None) -> Opened:
    """The rows of one table of a contract, lazily; `spool` must outlive them.

    Without an engine it is the data's own: DuckDB for its tables, Polars for everything else.
    Raises `EvaluationError` naming the file, and the line where it can, that cannot be read.
    """
    try:
        opened = _opened(data, spool)
        own = Engine.DUCKDB if data.format is Format.DUCKDB else Engine.POLARS
        if engine in (None, own):
            return opened
        if engine is Engine.SPARK:
            rows = spark.read_directly(data, opened.data, spool)
            if rows is not None:
                return replace(opened, data=rows)
        spool.say(f"bringing {data.table.name} to {engine}")
        return replace(opened, data=_moved(opened, own, engine or own, spool))
    except (MeshError, KeyboardInterrupt):
        raise
    except BaseException as error:
        # Readers of untrusted files: whatever they raise (panics too), the file is at fault.
        told = f"{data.paths[0]} cannot be read as {data.format}: {first_line(error)}"
        raise EvaluationError(told, code="MESH-C024") from error


def _opened(data: DataSet, spool: Spool) -> Opened:
    match data.format:
        case Format.CSV:
            from mesh_dagster.contracts.files.delimited import open_delimited

            return open_delimited(data, spool)
        case Format.JSON:
            from mesh_dagster.contracts.files.objects import open_objects

            return open_objects(data, spool)
        case Format.DUCKDB:
            from mesh_dagster.contracts.files.duckdb_tables import open_table

            return open_table(data, spool)
    from mesh_dagster.contracts.files import parquet

    match data.format:
        case Format.DELTA:
            return parquet.open_delta(data, spool)
        case Format.ICEBERG:
            return parquet.open_iceberg(data)
    return parquet.open_parquet(data, spool)


def _moved(opened: Opened, own: Engine, engine: Engine, spool: Spool) -> Any:
    """The rows on another engine: by way of a Parquet file, so that memory stays bounded."""
    copy = spool.path(".parquet")
    try:
        if own is Engine.DUCKDB:
            _portable(opened.data).write_parquet(str(copy))
        else:
            opened.data.sink_parquet(copy)
    except Exception:
        if opened.diagnose:
            opened.diagnose()
        raise
    match engine:
        case Engine.DUCKDB:
            return spool.once("duckdb", locked).read_parquet(str(copy))
        case Engine.SPARK:
            return spark.session(spool).read.parquet(str(copy))
    import polars as pl

    return pl.scan_parquet(copy, glob=False)


def _portable(relation: Any) -> Any:
    """With what other engines read as it is, where DuckDB writes bytes or doubles to Parquet."""
    pairs = zip(map(quoted, relation.columns), map(str, relation.types), strict=True)
    casts = [
        f"CAST({name} AS {_readable(name, dtype, relation)}) AS {name}"
        for name, dtype in pairs
        if dtype in ("UUID", "INTERVAL", *_HUGE)
    ]
    return relation.project(f"* REPLACE ({', '.join(casts)})") if casts else relation


def _readable(name: str, dtype: str, relation: Any) -> str:
    """The type in which a column loses nothing."""
    if dtype not in _HUGE:
        return "VARCHAR"
    beyond = f"{name} IS NOT NULL AND TRY_CAST({name} AS {_WHOLE}) IS NULL"
    return "VARCHAR" if relation.filter(beyond).limit(1).fetchall() else _WHOLE
