"""JSON: records are turned into the contract's types once, in a file that is scanned then.

A record's keys are columns; a key that no record has is no column. A value that is none of its
column's type is null, and its JSON stands beside it, which the rule on the type counts. A value
that holds such a one, in a list or an object, is one too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from mesh_dagster.contracts.files.arrow import arrow_type
from mesh_dagster.contracts.files.formats import Format, demand
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.moments import PatternError
from mesh_dagster.contracts.files.opened import RAW, Opened
from mesh_dagster.contracts.files.records import Record, records
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.files.targets import absent, target
from mesh_dagster.contracts.files.values import NoSuchValueError, Read, as_text, reader
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import SchemaObject, names_others
from mesh_dagster.model.types import ColumnType, Kind

BATCH = 20_000
MOST_COLUMNS = 20_000
SHOWN = 200
"""Characters of a value that could not be read: enough to see what it is."""


@dataclass(slots=True)
class _Column:
    """One column on its way from JSON to Arrow."""

    name: str
    read: Read
    arrow: pa.DataType
    typed: bool
    seen: bool = False
    values: list[Any] = field(default_factory=list)
    raw: list[str | None] = field(default_factory=list)

    def take(self, value: Any) -> None:
        if value is None:
            self.values.append(None)
            self.raw.append(None)
            return
        try:
            self.values.append(self.read(value))
            self.raw.append("")
        except NoSuchValueError:
            self.values.append(None)
            self.raw.append(as_text(value)[:SHOWN])

    def arrays(self) -> list[pa.Array]:
        arrays = [pa.array(self.values, self.arrow)]
        if self.typed:
            arrays.append(pa.array(self.raw, pa.string()))
        self.values, self.raw = [], []
        return arrays


def open_objects(data: DataSet, spool: Spool) -> Opened:
    """The rows of JSON files. Raises `EvaluationError` where one is broken, with the line."""
    encoding = data.server.text("encoding") if data.server else None
    for path in data.paths:
        demand(path, Format.JSON)
    exact = any(_is_exact(target(each)) for each in data.table.properties)
    columns = _declared(data.table)
    _add_others(columns, data.paths, encoding, spool)
    copy, count = spool.path(".parquet"), 0
    with pq.ParquetWriter(copy, _schema(columns), compression="zstd") as writer:
        for batch in _batches(data.paths, encoding, exact=exact):
            writer.write_batch(_converted(batch, columns))
            count += len(batch)
            if count % (BATCH * 25) == 0:
                spool.say(f"{count:,} records of {data.table.name}")
    seen = [each for each in columns.values() if each.seen or not count]
    names = [each.name for each in seen]
    raw = {each.name: RAW + each.name for each in seen if each.typed}
    if not seen:
        # Records of nothing are rows too, and a scan of no columns has none.
        raw = {name: RAW + name for name, each in columns.items() if each.typed}
    frame = pl.scan_parquet(copy, glob=False).select([*names, *raw.values()])
    others = [each for each in data.table.properties if each.column not in names]
    nulls = [null for each in others for null in absent(each)]
    return Opened(frame.with_columns(nulls), raw, is_text=True)


def _is_exact(type_: ColumnType | None) -> bool:
    if type_ is None:
        return False
    inner = [type_.item, type_.key, *(kind for _, kind in type_.fields)]
    return type_.kind is Kind.DECIMAL or any(_is_exact(each) for each in inner)


def _declared(table: SchemaObject) -> dict[str, _Column]:
    columns = {}
    for each in table.properties:
        type_, pattern = target(each), each.options.get("format")
        if type_ is None:
            continue
        try:
            read = reader(type_, pattern if isinstance(pattern, str) else None)
        except PatternError as error:
            raise EvaluationError(str(error), code="MESH-C026", where=each.where) from None
        columns[each.column] = _Column(each.column, read, arrow_type(type_), typed=True)
    return columns


def _add_others(
    columns: dict[str, _Column], paths: Sequence[Path], encoding: str | None, spool: Spool
) -> None:
    """Columns of no declared type: one that fits all values there are, else a text."""
    kinds: dict[str, set[str]] = {}
    spool.say("looking for the columns of the records")
    for path in paths:
        for record in records(path, encoding):
            for name, value in record.items():
                if name not in columns and value is not None:
                    kinds.setdefault(name, set()).add(_kind(value))
            for name in record.keys() - columns.keys() - kinds.keys():
                kinds[name] = set()
            if len(kinds) > MOST_COLUMNS:
                raise EvaluationError(
                    f"{path} has records of more than {MOST_COLUMNS:,} different keys",
                    code="MESH-C025",
                    fix="declare such an object as a map, in a column of its own",
                )
    for name, found in kinds.items():
        if names_others(name):
            raise EvaluationError(
                f"a record has the key {name[:60]!r}, which is named like a pattern",
                code="MESH-C025",
            )
        type_ = _inferred(found)
        read = reader(type_) if type_ else as_text
        arrow = arrow_type(type_) if type_ else pa.string()
        columns[name] = _Column(name, read, arrow, typed=False)


def _kind(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if -(1 << 63) <= value < 1 << 63 else "float"
    return type(value).__name__


def _inferred(found: set[str]) -> ColumnType | None:
    if found == {"bool"}:
        return ColumnType(Kind.BOOLEAN)
    if found == {"int"}:
        return ColumnType(Kind.LONG)
    if found and found <= {"int", "float"}:
        return ColumnType(Kind.DOUBLE)
    return None


def _batches(paths: Sequence[Path], encoding: str | None, *, exact: bool) -> Iterator[list[Record]]:
    for path in paths:
        found = records(path, encoding, exact=exact)
        while batch := list(islice(found, BATCH)):
            yield batch


def _converted(batch: list[Record], columns: dict[str, _Column]) -> pa.RecordBatch:
    for name, column in columns.items():
        take = column.take
        for record in batch:
            if name in record:
                column.seen = True
                take(record[name])
            else:
                take(None)
    schema = _schema(columns)
    arrays = [array for column in columns.values() for array in column.arrays()]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(columns: dict[str, _Column]) -> pa.Schema:
    fields = []
    for each in columns.values():
        fields.append(pa.field(each.name, each.arrow))
        if each.typed:
            fields.append(pa.field(RAW + each.name, pa.string()))
    return pa.schema(fields)
