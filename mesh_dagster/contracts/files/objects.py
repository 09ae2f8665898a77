"""JSON: records are turned into the contract's types once, in a file that is scanned then.

A record's keys are columns; a key that no record has is no column. A value that is none of its
column's type is null, and its JSON stands beside it, which the rule on the type counts. A value
that holds such a one, in a list or an object, is one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mesh_dagster.contracts.files.arrow import arrow_type
from mesh_dagster.contracts.files.formats import Format, demand
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.opened import RAW, Opened
from mesh_dagster.contracts.files.parsing import parsed, pattern_of
from mesh_dagster.contracts.files.records import Record, records
from mesh_dagster.contracts.files.seen import NOTHING, Seen, seen_in
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.files.targets import target
from mesh_dagster.contracts.files.values import (
    MOMENTS,
    NoSuchValueError,
    Read,
    as_text,
    reader,
)
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import SchemaObject, names_others
from mesh_dagster.model.types import ColumnType, Kind

BATCH = 20_000
MOST_COLUMNS = 20_000
SHOWN = 200
"""Characters of a value that could not be read: enough to see what it is."""


_PLAIN: dict[Kind, set[type]] = {
    Kind.STRING: {str},
    Kind.BOOLEAN: {bool},
    Kind.INT: {int},
    Kind.LONG: {int},
    Kind.FLOAT: {int, float},
    Kind.DOUBLE: {int, float},
}
"""What Python makes of JSON that needs no look at each value."""


class _OtherwiseError(Exception):
    """A record has what those before it did not let expect."""


@dataclass(slots=True)
class _Column:
    """One column on its way from JSON to Arrow. `typed`: the contract says as what."""

    name: str
    type: ColumnType | None
    read: Read
    typed: bool
    present: bool = False
    pattern: str | None = None
    """How its moments are written, where the contract says so."""
    seen: Seen = NOTHING
    """What its values are, where the contract does not say it."""

    @property
    def arrow(self) -> pa.DataType:
        return arrow_type(self.type) if self.type else pa.string()

    def arrays(self, batch: list[Record]) -> list[pa.Array]:
        """Its values in some records and, where it is typed, the texts of those unreadable."""
        self.present = self.present or any(self.name in record for record in batch)
        values = [record.get(self.name) for record in batch]
        if not self.typed and self.seen | seen_in(values) != self.seen:
            raise _OtherwiseError
        found = self._plain(values)
        if found is not None:
            raw = pc.if_else(pc.is_valid(found), "", None)
            return [found, raw] if self.typed else [found]
        if self.type is not None and self.type.kind in MOMENTS:
            read, texts = self._moments(values, self.type)
        else:
            read, texts = self._one_by_one(values)
        found = read if isinstance(read, pa.Array) else pa.array(read, self.arrow)
        return [found, pa.array(texts, pa.string())] if self.typed else [found]

    def _moments(self, values: list[Any], type_: ColumnType) -> tuple[pa.Array, list[str | None]]:
        """Moments stand in texts, which are read as those of any other format are."""
        texts = [as_text(each) if isinstance(each, str) else None for each in values]
        read = pl.select(parsed(pl.lit(pl.Series(texts, dtype=pl.String)), type_, self.pattern))
        found = read.to_series().to_arrow().cast(self.arrow)
        return found, [
            None if value is None else "" if is_read else as_text(value)[:SHOWN]
            for value, is_read in zip(values, found.is_valid().to_pylist(), strict=True)
        ]

    def _plain(self, values: list[Any]) -> pa.Array | None:
        kinds = set(map(type, values)) - {type(None)}
        if self.type is None or not kinds <= _PLAIN.get(self.type.kind, set()):
            return None
        try:
            found = pa.array(values, self.arrow)
        except (OverflowError, UnicodeEncodeError, pa.ArrowException):
            return None
        too_great = pa.types.is_floating(self.arrow) and not pc.all(pc.is_finite(found)).as_py()
        return None if too_great else found

    def _one_by_one(self, values: list[Any]) -> tuple[list[Any], list[str | None]]:
        read: list[Any] = []
        texts: list[str | None] = []
        for value in values:
            try:
                read.append(None if value is None else self.read(value))
                texts.append(None if value is None else "")
            except NoSuchValueError:
                read.append(None)
                texts.append(_in_json(value)[:SHOWN])
        return read, texts


def _in_json(value: Any) -> str:
    """What is of another type than its column's: `"12"` and `12` are told apart."""
    return f'"{as_text(value)}"' if isinstance(value, str) else as_text(value)


def open_objects(data: DataSet, spool: Spool) -> Opened:
    """The rows of JSON files. Raises `EvaluationError` where one is broken, with the line."""
    encoding = data.server.text("encoding") if data.server else None
    for path in data.paths:
        demand(path, Format.JSON)
    try:
        columns, copy, count = _copied(data, encoding, spool, whole=False)
    except _OtherwiseError:
        columns, copy, count = _copied(data, encoding, spool, whole=True)
    present = [each for each in columns.values() if each.present or not count]
    names = [each.name for each in present]
    raw = {each.name: RAW + each.name for each in present if each.typed}
    if not present:
        # Records of nothing are rows too, and a scan of no columns has none.
        raw = {name: RAW + name for name, each in columns.items() if each.typed}
    frame = pl.scan_parquet(copy, glob=False).select([*names, *raw.values()])
    untyped = {each.name: _why(each) for each in present if each.type is None}
    return Opened(frame, raw, is_text=True, untyped=untyped)


def _why(column: _Column) -> str:
    """Why a column has no type."""
    different = column.seen.differences()
    return "; ".join(different[:3]) if different else "no value that tells of which type it is"


def _copied(
    data: DataSet, encoding: str | None, spool: Spool, *, whole: bool
) -> tuple[dict[str, _Column], Path, int]:
    """The records in a file of their own. `whole`: all are looked at for their keys before.

    Raises `_OtherwiseError` where the first ones did not tell what the others are.
    """
    exact = any(_is_exact(target(each)) for each in data.table.properties)
    columns = _declared(data.table)
    batches = _batches(data.paths, encoding, exact=exact)
    first = next(batches, [])
    if whole:
        spool.say("looking for the keys of all records")
    looked_at = _batches(data.paths, encoding, exact=False) if whole else iter([first])
    _add_others(columns, looked_at)
    copy, count = spool.path(".parquet"), 0
    with pq.ParquetWriter(copy, _schema(columns), compression="zstd") as writer:
        for batch in chain([first] if first else [], batches):
            writer.write_batch(_converted(batch, columns))
            count += len(batch)
            if count % (BATCH * 5) == 0:
                spool.say(f"{count:,} records of {data.table.name}")
    return columns, copy, count


def _is_exact(type_: ColumnType | None) -> bool:
    if type_ is None:
        return False
    inner = [type_.item, type_.key, *(kind for _, kind in type_.fields)]
    return type_.kind is Kind.DECIMAL or any(_is_exact(each) for each in inner)


def _declared(table: SchemaObject) -> dict[str, _Column]:
    columns = {}
    for each in table.properties:
        type_ = target(each)
        if type_ is None:
            continue
        columns[each.column] = _Column(
            each.column, type_, reader(type_), typed=True, pattern=pattern_of(each)
        )
    return columns


def _add_others(columns: dict[str, _Column], batches: Iterable[list[Record]]) -> None:
    """Columns of no declared type: one that fits all values there are, else a text."""
    found: dict[str, Seen] = {}
    for batch in batches:
        for name in dict.fromkeys(chain.from_iterable(batch)):
            if name not in columns:
                values = seen_in([record.get(name) for record in batch])
                found[name] = found.get(name, NOTHING) | values
        if len(found) > MOST_COLUMNS:
            raise EvaluationError(
                f"the records have more than {MOST_COLUMNS:,} different keys",
                code="MESH-C025",
                fix="declare such an object as a map, in a column of its own",
            )
    for name, seen in found.items():
        if names_others(name):
            raise EvaluationError(
                f"a record has the key {name[:60]!r}, which is named like a pattern",
                code="MESH-C025",
            )
        type_ = seen.type
        read = as_text if type_ == ColumnType(Kind.STRING) else reader(type_)
        columns[name] = _Column(name, type_, read, typed=False, seen=seen)


def _batches(paths: Sequence[Path], encoding: str | None, *, exact: bool) -> Iterator[list[Record]]:
    for path in paths:
        found = records(path, encoding, exact=exact)
        while batch := list(islice(found, BATCH)):
            yield batch


def _converted(batch: list[Record], columns: dict[str, _Column]) -> pa.RecordBatch:
    if set().union(*batch) - columns.keys():
        raise _OtherwiseError
    arrays = [array for column in columns.values() for array in column.arrays(batch)]
    return pa.RecordBatch.from_arrays(arrays, schema=_schema(columns))


def _schema(columns: dict[str, _Column]) -> pa.Schema:
    fields = []
    for each in columns.values():
        fields.append(pa.field(each.name, each.arrow))
        if each.typed:
            fields.append(pa.field(RAW + each.name, pa.string()))
    return pa.schema(fields)
