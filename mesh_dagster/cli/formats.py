"""Rows as text or bytes, batch by batch: a large result is never whole in memory.

The one exception is a table, whose columns are as wide as its rows make them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from mesh_dagster.cli.output import plain, say
from mesh_dagster.cli.table import Column, render, width_of
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.products.reading.sql.values import values_of

if TYPE_CHECKING:
    import pyarrow as pa

    Batches = Iterable[pa.RecordBatch]

_NARROWEST, _WIDEST = 6, 30
_ROW_GROUP = 131_072


def table(schema: pa.Schema, batches: Batches, out: BinaryIO) -> None:
    """A table that fits the terminal; columns without room are told, not lost in silence."""
    rows = [list(each) for batch in batches for each in _tuples(batch)]
    columns = [
        Column(field.name, least=_least(field.name), right=_is_number(field.type))
        for field in schema
    ]
    laid = render(columns, rows)
    hidden = 0
    if laid.left_out and RECORDED_AT in schema.names:
        # What the platform added leaves before what was promised does.
        at, hidden = schema.names.index(RECORDED_AT), 1
        fewer = [row[:at] + row[at + 1 :] for row in rows]
        laid = render(columns[:at] + columns[at + 1 :], fewer)
    text = laid.text if _styled(out) else click.unstyle(laid.text)
    out.write(text.encode() + b"\n")
    out.flush()
    left_out = laid.left_out + hidden
    if left_out:
        say(
            f"{left_out} of {len(columns)} columns found no room: name those you want in the "
            "SELECT; --json has all of them"
        )


def csv(schema: pa.Schema, batches: Batches, out: BinaryIO) -> None:
    """CSV with a heading; null is nothing, an empty text is `""`, what is nested is JSON."""
    from pyarrow import csv as pa_csv

    flat = _Flat(schema, _in_csv)
    with pa_csv.CSVWriter(out, flat.schema) as writer:
        for batch in batches:
            writer.write_batch(flat.of(batch))


def json_rows(batches: Batches, out: BinaryIO, *, lines: bool) -> None:
    """One object a row: as one array, or each on a line of its own."""
    before, between, after = ("", "\n", "\n") if lines else ("[\n  ", ",\n  ", "\n]\n")
    first = True
    for batch in batches:
        names = batch.schema.names
        rows = (dict(zip(names, row, strict=True)) for row in _tuples(batch))
        texts = [json.dumps(plain(row), ensure_ascii=False) for row in rows]
        out.write(((before if first else between) + between.join(texts)).encode())
        first = False
    if first:
        after = "" if lines else "[]\n"
    out.write(after.encode())
    out.flush()


def parquet(schema: pa.Schema, batches: Batches, out: BinaryIO) -> None:
    """A Parquet file, with row groups of a size that readers like."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    flat = _Flat(schema, _in_parquet)
    with pq.ParquetWriter(out, flat.schema) as writer:
        held: list[pa.RecordBatch] = []
        count = 0
        for batch in batches:
            held.append(flat.of(batch))
            count += batch.num_rows
            if count >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(held, flat.schema))
                held, count = [], 0
        if held:
            writer.write_table(pa.Table.from_batches(held, flat.schema))


def arrow(schema: pa.Schema, batches: Batches, out: BinaryIO, *, file: bool) -> None:
    """Arrow's IPC format: a file that can be mapped, or a stream where nothing can be sought."""
    import pyarrow as pa

    opened = pa.ipc.new_file if file else pa.ipc.new_stream
    with opened(out, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    out.flush()


class _Flat:
    """Rows with the columns as text that a format has no type for."""

    def __init__(self, schema: pa.Schema, fits: Callable[[pa.DataType], bool]) -> None:
        import pyarrow as pa

        self._texts = {at for at, field in enumerate(schema) if not fits(field.type)}
        self.schema = pa.schema(
            [
                pa.field(field.name, pa.string() if at in self._texts else field.type)
                for at, field in enumerate(schema)
            ]
        )

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa

        arrays = [
            pa.array([_text(value) for value in values_of(column)], pa.string())
            if at in self._texts
            else column
            for at, column in enumerate(batch.columns)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    said = plain(value)
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _in_csv(type_: pa.DataType) -> bool:
    import pyarrow as pa

    odd = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_dictionary)
    if isinstance(type_, pa.BaseExtensionType):
        return False
    return _in_parquet(type_) and not pa.types.is_nested(type_) and not any(f(type_) for f in odd)


def _in_parquet(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return not (pa.types.is_interval(type_) or pa.types.is_union(type_))


def _tuples(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(values_of(column) for column in batch.columns), strict=True)


def _styled(out: BinaryIO) -> bool:
    context = click.get_current_context(silent=True)
    return out.isatty() if context is None or context.color is None else context.color


def _least(name: str) -> int:
    """Headings are shown whole: a column leaves before its name cannot be read any more."""
    return min(max(width_of(name), _NARROWEST), _WIDEST)


def _is_number(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    )
