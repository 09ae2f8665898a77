"""`mesh query`: SQL over the products of the mesh."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit_json_rows, emit_styled, say
from mesh_dagster.cli.table import Column, render, width_of
from mesh_dagster.cli.target import open_mesh

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH = 10_000
_NARROWEST, _WIDEST = 6, 30


@click.command()
@click.argument("sql")
@click.option(
    "--as-of",
    metavar="T",
    help="Read what had been published then: a moment (UTC) or a publication.",
)
@click.option(
    "--rows",
    default=100,
    show_default=True,
    type=click.IntRange(min=0),
    help="Rows of a table to print; 0 prints all. JSON always has all.",
)
@as_json
def query(sql: str, as_of: str | None, rows: int, as_json: bool) -> None:
    """Run one SELECT over products, by their SQL names.

    mesh query "select carrier, avg(dep_delay) from flights.departures group by 1"

    A SQL of - is read from standard input.
    """
    from mesh_dagster.products.query import opened

    text = sys.stdin.read() if sql == "-" else sql
    with opened(text, mesh=open_mesh(), as_of=moment_or_publication(as_of)) as relation:
        if as_json:
            emit_json_rows(_rows(relation.to_arrow_reader(BATCH)))
        else:
            _print_table(relation, rows)


def moment_or_publication(text: str | None) -> datetime | int | str | None:
    """Read `2013-11-04`, `2013-11-04T06:00:00Z`, a publication's number or its id."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()


def _print_table(relation: duckdb.DuckDBPyRelation, limit: int) -> None:
    import pyarrow as pa

    reader = relation.to_arrow_reader(BATCH)
    rows = _rows(reader)
    taken = list(itertools.islice(rows, limit) if limit else rows)
    columns = [
        Column(field.name, least=_least(field.name), right=_is_number(pa, field.type))
        for field in reader.schema
    ]
    table = render(columns, [list(row.values()) for row in taken])
    emit_styled(table.text)
    if table.left_out:
        say(
            f"{table.left_out} of {len(columns)} columns found no room: name those you want in the "
            "SELECT; --json has all of them"
        )
    if limit and next(rows, None) is not None:
        say(f"the first {limit} rows; --rows 0 or --json has all of them")


def _least(name: str) -> int:
    """Headings are shown whole: a column leaves before its name cannot be read any more."""
    return min(max(width_of(name), _NARROWEST), _WIDEST)


def _is_number(pa: Any, type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    )
