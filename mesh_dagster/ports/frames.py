"""Whatever a transform returns, as a lazy Polars frame with the encodings that Iceberg knows.

Only encodings are changed, never values: dictionaries become strings, nanoseconds become
microseconds where nothing is lost, small integers get the size of the smallest type that
Iceberg has, and a column without any value gets the contract's type. Whatever else differs from
the contract is kept as it is, for the audit to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from mesh_dagster.errors import TransformError
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.types import polars_type

NANOS_IN_A_MICRO = 1_000
_WIDER: dict[type[pl.DataType], pl.DataType] = {
    pl.Int8: pl.Int32(),
    pl.Int16: pl.Int32(),
    pl.UInt8: pl.Int32(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: pl.Int64(),
}


def lazy(frame: Any) -> pl.LazyFrame:
    """A frame of any library that a transform may use, without reading it if it is lazy.

    Takes Polars frames, pandas frames, Arrow tables, batches and readers, DuckDB relations, and
    the path of Parquet files or a list of them. Raises `TransformError` for anything else.
    """
    if isinstance(frame, pl.LazyFrame | pl.DataFrame):
        return frame.lazy()
    if isinstance(frame, str | Path):
        return _parquet([frame])
    if isinstance(frame, list | tuple) and frame and all(_is_path(each) for each in frame):
        return _parquet(frame)
    try:
        found = _foreign(frame, type(frame).__module__.partition(".")[0])
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise TransformError(f"what was returned cannot be read as a table: {error}") from error
    if found is None:
        raise TransformError(
            f"the transform returned {type(frame).__module__}.{type(frame).__qualname__}, "
            "which is no frame",
            code="MESH-M022",
            fix="return a Polars, pandas or Arrow frame, a DuckDB relation, or paths of Parquet",
        )
    return found


def _foreign(frame: Any, library: str) -> pl.LazyFrame | None:
    if library == "pandas":
        return pl.from_pandas(frame).lazy()
    if library in ("duckdb", "_duckdb") and hasattr(frame, "to_arrow_reader"):
        frame = frame.to_arrow_reader()
    _refuse_intervals(getattr(frame, "schema", None))
    if hasattr(frame, "read_next_batch"):
        return pl.scan_arrow_c_stream(frame)
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return pl.DataFrame(frame).lazy()
    return None


def _refuse_intervals(schema: Any) -> None:
    """Say which column of an Arrow schema Polars would panic at: it has no calendar intervals."""
    if schema is None:
        return
    import pyarrow as pa

    if not isinstance(schema, pa.Schema):
        return
    if found := [field.name for field in schema if _holds_interval(pa, field.type)]:
        raise TransformError(
            f"the transform returned a type that no port has, INTERVAL: {', '.join(found)}",
            code="MESH-M022",
            fix=f"return a number instead: epoch({found[0]}) is its seconds in SQL",
        )


def _holds_interval(pa: Any, kind: Any) -> bool:
    inner = [kind.field(at).type for at in range(kind.num_fields)]
    return bool(pa.types.is_interval(kind)) or any(_holds_interval(pa, each) for each in inner)


def normalised(frame: pl.LazyFrame, layout: PortLayout, schema: pl.Schema) -> pl.LazyFrame:
    """The frame in the encodings of Iceberg; nanoseconds are left to `nanoseconds`."""
    wanted = {name: kind for name, kind, _ in layout.columns if kind is not None}
    changed = []
    for name, dtype in schema.items():
        target = _target(dtype)
        if isinstance(dtype, pl.Null) and name in wanted:
            target = polars_type(wanted[name])
        if target != dtype:
            changed.append(pl.col(name).cast(target))
    return frame.with_columns(changed) if changed else frame


def nanoseconds(schema: pl.Schema) -> dict[str, pl.Datetime]:
    """The columns that hold nanoseconds."""
    return {
        name: dtype
        for name, dtype in schema.items()
        if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"
    }


def written_schema(schema: pl.Schema) -> Any:
    """The Arrow schema to write where Polars' own is not Iceberg's: times in microseconds."""
    if pl.Time not in schema.dtypes():
        return None
    import pyarrow as pa

    written = pl.DataFrame(schema=schema).to_arrow().schema
    for index, field in enumerate(written):
        if pa.types.is_time64(field.type):
            written = written.set(index, field.with_type(pa.time64("us")))
    return written


class Rounding:
    """Casts nanoseconds to microseconds in the stream, and notes the columns that lose some."""

    def __init__(self, columns: Mapping[str, pl.Datetime]) -> None:
        self.columns = columns
        self.lossy: set[str] = set()

    def applied(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(self._cast(*column) for column in self.columns.items())

    def _cast(self, name: str, dtype: pl.Datetime) -> pl.Expr:
        def watched(values: pl.Series) -> pl.Series:
            nanos = values.to_physical()
            if ((nanos % NANOS_IN_A_MICRO) != 0).any():
                self.lossy.add(name)
            return values.dt.cast_time_unit("us")

        micros = pl.Datetime("us", dtype.time_zone)
        return pl.col(name).map_batches(watched, return_dtype=micros, is_elementwise=True)


def _target(dtype: Any) -> pl.DataType:
    match dtype:
        case pl.Categorical() | pl.Enum():
            found: pl.DataType = pl.String()
        case pl.Datetime():
            unit = "us" if dtype.time_unit == "ms" else dtype.time_unit
            found = pl.Datetime(unit, "UTC" if dtype.time_zone else None)
        case pl.List() | pl.Array():
            found = pl.List(_target(dtype.inner))
        case pl.Map():
            found = pl.Map(_target(dtype.key), _target(dtype.value))
        case pl.Struct():
            found = pl.Struct({each.name: _target(each.dtype) for each in dtype.fields})
        case _:
            found = _WIDER.get(type(dtype), dtype)
    return found


def _parquet(paths: Sequence[Any]) -> pl.LazyFrame:
    return pl.scan_parquet([str(path) for path in paths])


def _is_path(value: object) -> bool:
    return isinstance(value, str | Path)
