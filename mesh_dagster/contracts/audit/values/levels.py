"""The elements of a list or a map as rows of their own.

Each engine unfolds by its own means: narwhals knows neither maps nor DuckDB's fixed arrays.
Lists that are null or empty have no elements, on every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.frame import WINDOW, Frame
from mesh_dagster.contracts.audit.values.places import Place, UnreachableError, walk, whole_column
from mesh_dagster.contracts.rules.paths import Into, Path

ELEMENT = "__mesh_element"
"""The column that holds the elements of a level."""


def place_of(column: str, path: Path | None, frame: Frame) -> Place:
    """The place of a column, or of a path into one. Raises `UnreachableError`."""
    if path is None or not path.steps:
        return whole_column(column, frame)
    level = path.level
    rows = frame if level is None else level_of(frame, level)
    return walk(path, rows, ELEMENT if level else path.column, frame)


def level_of(frame: Frame, level: Path, keep: Sequence[str] | None = None) -> Frame:
    """The elements of a level, a row each, with the window where there are partitions.

    `keep` names the columns to carry along. Raises `UnreachableError` where the data has no
    such list or map.
    """
    if keep is None and level in frame.levels:
        return frame.levels[level]
    found = _unfolded(frame, level, keep or ())
    if keep is None:
        frame.levels[level] = found
    return found


def _unfolded(frame: Frame, level: Path, keep: Sequence[str]) -> Frame:
    holder = Path(level.column, level.steps[:-1])
    above = holder.level
    rows = frame if above is None else level_of(frame, above, keep or None)
    place = walk(holder, rows, level.column if above is None else ELEMENT, frame)
    kept = [name for name in keep if name in rows.schema and name != ELEMENT]
    window = [] if rows.window is None else [rows.window.alias(WINDOW)]
    held = rows.rows.select(place.value.alias(ELEMENT), *kept, *window)
    if str(holder) in rows.absent or place.nowhere:
        empty = frame.with_rows(held.head(0))
        return replace(empty, absent=frame.absent | {str(level)})
    native = _elements(held, level.steps[-1], str(holder))
    return frame.with_rows(nw.from_native(native).lazy())


def _elements(rows: nw.LazyFrame[Any], into: Any, name: str) -> Any:
    """The native rows with each element of ELEMENT in a row of its own."""
    native = rows.to_native()
    if rows.implementation.is_polars():
        return _in_polars(native, into, name)
    if rows.implementation.is_duckdb():
        return _in_duckdb(native, into, name)
    if rows.implementation.is_spark_like():
        return _in_spark(native, into, name)
    _demand(into is Into.ITEM, name, f"{rows.implementation} data whose maps cannot be read", into)
    return rows.drop_nulls(ELEMENT).explode(ELEMENT).to_native()


def _in_polars(native: pl.LazyFrame, into: Any, name: str) -> pl.LazyFrame:
    dtype, held = native.collect_schema()[ELEMENT], pl.col(ELEMENT)
    if into is Into.ITEM:
        _demand(isinstance(dtype, pl.List | pl.Array), name, dtype, into)
        held = held.arr.to_list() if isinstance(dtype, pl.Array) else held
    elif isinstance(dtype, pl.Map):
        held = held.map.keys() if into is Into.KEY else held.map.values()
    else:
        _demand(_is_entries(dtype), name, dtype, into)
        field = "key" if into is Into.KEY else "value"
        held = held.list.eval(pl.element().struct.field(field))
    return native.with_columns(held).explode(ELEMENT, empty_as_null=False, keep_nulls=False)


def _is_entries(dtype: pl.DataType) -> bool:
    """Whether a list holds a map's entries, as readers that know no maps give them."""
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    return isinstance(inner, pl.Struct) and [each.name for each in inner.fields] == ["key", "value"]


def _in_duckdb(native: Any, into: Any, name: str) -> Any:
    dtype = native.types[native.columns.index(ELEMENT)]
    _demand(dtype.id in (("list", "array") if into is Into.ITEM else ("map",)), name, dtype, into)
    held = {
        Into.ITEM: f'"{ELEMENT}"',
        Into.KEY: f'map_keys("{ELEMENT}")',
        Into.VALUE: f'map_values("{ELEMENT}")',
    }[into]
    return native.project(f'* REPLACE (unnest({held}) AS "{ELEMENT}")')


def _in_spark(native: Any, into: Any, name: str) -> Any:
    from pyspark.sql import functions
    from pyspark.sql.types import ArrayType, MapType

    dtype = native.schema[ELEMENT].dataType
    _demand(isinstance(dtype, ArrayType if into is Into.ITEM else MapType), name, dtype, into)
    held = functions.col(ELEMENT)
    if into is not Into.ITEM:
        held = functions.map_keys(held) if into is Into.KEY else functions.map_values(held)
    return native.withColumn(ELEMENT, functions.explode(held))


def _demand(fits: bool, name: str, found: object, into: Any) -> None:
    """Refuse what is no list or no map, with the word to declare it by."""
    if fits:
        return
    wanted = "an array" if into is Into.ITEM else "a map"
    told = str(found).lower()
    hint = ": declare it as a map" if told.startswith("map") else ""
    raise UnreachableError(f"{name} is {told} in the data, not {wanted}{hint}")
