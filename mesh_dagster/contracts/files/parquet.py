"""Parquet, and what is made of it: files of one table, Delta and Iceberg tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from mesh_dagster.contracts.files.delta import live_files
from mesh_dagster.contracts.files.footers import demand_truth
from mesh_dagster.contracts.files.formats import Format, demand
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.files.targets import target
from mesh_dagster.errors import EvaluationError, MeshError, first_line
from mesh_dagster.model.contract import SchemaObject
from mesh_dagster.ports.types import polars_type

_MOST_LOOKED_AT = 50


def open_parquet(data: DataSet, spool: Spool) -> Opened:
    """The rows of Parquet files, of whatever versions of a schema: united by name."""
    for path in data.paths:
        demand(path, Format.PARQUET)
    return _united(data.paths, data.table, spool)


def open_delta(data: DataSet, spool: Spool) -> Opened:
    """The rows of a Delta table, as its log says now."""
    paths = [file for folder in data.paths for file in live_files(folder)]
    if not paths:
        raise EvaluationError(f"the Delta table {data.paths[0]} has no data file", code="MESH-C023")
    return _united(paths, data.table, spool)


def open_iceberg(data: DataSet) -> Opened:
    """The rows of an Iceberg table, as its newest metadata says."""
    from pyiceberg.table import StaticTable

    # Polars plans with a package of its own where there is one, and warns where there is none.
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
    scans = []
    for place in data.paths:
        metadata = _metadata(place)
        try:
            table = StaticTable.from_metadata(str(metadata))
            _refuse_elsewhere(table, metadata)
            scans.append(pl.scan_iceberg(table))
            scans[-1].collect_schema()
        except MeshError:
            raise
        except Exception as error:
            raise EvaluationError(
                f"{metadata} cannot be read as an Iceberg table: {first_line(error)}",
                code="MESH-C024",
            ) from error
    rows = scans[0] if len(scans) == 1 else pl.concat(scans, how="diagonal_relaxed")
    return Opened(_texts(rows))


def _refuse_elsewhere(table: Any, metadata: Path) -> None:
    """A file on this machine makes nobody's machine read from elsewhere."""
    snapshot = table.current_snapshot()
    place = snapshot.manifest_list if snapshot else table.location()
    if "://" in place and not place.startswith("file://"):
        raise EvaluationError(
            f"the Iceberg table of {metadata} lies at {place}, which is not on this machine",
            code="MESH-C021",
            fix="bring the whole table here, or test it where it lies",
        )


def _metadata(place: Path) -> Path:
    """The newest metadata file of a table's folder: as its hint says, else the highest number."""
    if place.is_file():
        return place
    folder = place / "metadata" if (place / "metadata").is_dir() else place
    hint = folder / "version-hint.text"
    if hint.is_file():
        said = hint.read_text(encoding="utf-8", errors="replace").strip()
        for name in (f"v{said}.metadata.json", f"{said}.metadata.json", said):
            if said and (folder / name).is_file():
                return folder / name
    files = folder.glob("*.metadata.json")
    newest = max(files, key=lambda each: (_number(each.name), each.name), default=None)
    if newest is None:
        raise EvaluationError(f"{place} has no Iceberg metadata", code="MESH-C023")
    return newest


def _number(name: str) -> int:
    digits = name.lstrip("v").partition("-")[0].partition(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 19 else -1


def _united(paths: Sequence[Path], table: SchemaObject, spool: Spool) -> Opened:
    groups: dict[tuple[Any, ...], list[Path]] = {}
    for path in paths:
        groups.setdefault(tuple(_schema(path).items()), []).append(path)
    _note_conflicts(groups, table, spool)
    scans = [_scan(files, dict(schema), table) for schema, files in groups.items()]
    try:
        rows = scans[0] if len(scans) == 1 else pl.concat(scans, how="diagonal_relaxed")
        rows.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise EvaluationError(
            f"the files of {table.name} cannot be united: {first_line(error)}",
            code="MESH-C025",
            fix="test files of one version at a time",
        ) from error
    return Opened(_texts(rows), diagnose=partial(_diagnose, tuple(paths)))


def _note_conflicts(
    groups: Mapping[tuple[Any, ...], list[Path]], table: SchemaObject, spool: Spool
) -> None:
    """Tell columns that are of one type here and of another there: united they are of one."""
    seen: dict[str, tuple[Any, Path]] = {}
    for schema, paths in groups.items():
        for name, dtype in schema:
            first, path = seen.setdefault(name, (dtype, paths[0]))
            if first != dtype:
                spool.note(
                    f"{table.name}.{name} is {str(first).lower()} in {path.name} and "
                    f"{str(dtype).lower()} in {paths[0].name}: read as what holds both"
                )


def _schema(path: Path) -> Mapping[str, pl.DataType]:
    demand_truth(path)
    try:
        return pl.read_parquet_schema(path)
    except Exception as error:
        raise _broken(path, error) from error


def _scan(
    paths: list[Path], schema: Mapping[str, pl.DataType], table: SchemaObject
) -> pl.LazyFrame:
    folders = {part.partition("=")[0] for part in paths[0].parent.parts if "=" in part}
    hive = {
        column.column: polars_type(type_)
        for column in table.properties
        if column.column in folders - schema.keys() and (type_ := target(column)) is not None
    }
    if hive:
        return pl.scan_parquet(paths, glob=False, hive_partitioning=True, hive_schema=hive)
    return pl.scan_parquet(paths, glob=False, hive_partitioning=False)


def _texts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Dictionaries are a way to write texts down, not another type."""
    coded = [
        name
        for name, dtype in rows.collect_schema().items()
        if isinstance(dtype, pl.Categorical | pl.Enum)
    ]
    return rows.with_columns(pl.col(coded).cast(pl.String)) if coded else rows


def _diagnose(paths: Sequence[Path]) -> None:
    """Say which file is at fault, by reading each alone."""
    for path in paths[:_MOST_LOOKED_AT]:
        try:
            pl.scan_parquet(path, glob=False).select(pl.all().is_null().sum()).collect(
                engine="streaming"
            )
        except Exception as error:
            raise _broken(path, error) from error


def _broken(path: Path, error: BaseException) -> EvaluationError:
    return EvaluationError(
        f"{path} cannot be read as Parquet: {first_line(error)}",
        code="MESH-C024",
        fix="it was cut short or is damaged: write it again",
    )
