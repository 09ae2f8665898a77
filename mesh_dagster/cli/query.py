"""`mesh query`: SQL over the products of the mesh."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from mesh_dagster.cli.output import as_json
from mesh_dagster.cli.results import FORMATS, format_of, write_rows
from mesh_dagster.cli.target import open_mesh


@click.command()
@click.argument("sql")
@click.option(
    "--as-of",
    metavar="T",
    help="Read what had been published then: a moment (UTC) or a publication.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help="Rows at most, 0: all of them. [default: 100 for a table on the screen, else all]",
)
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds that it may take, 0: any.",
)
@click.option(
    "--memory",
    default=2048,
    show_default=True,
    type=click.IntRange(min=64),
    help="Megabytes of memory that it may take.",
)
@click.option("--format", "kind", type=click.Choice(FORMATS), help="How rows are written.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the rows into a file, whose name says the format if nothing else does.",
)
@as_json
def query(
    *,
    sql: str,
    as_of: str | None,
    limit: int | None,
    timeout: float,
    memory: int,
    kind: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Run one SELECT over products, by their SQL names.

    mesh query "select carrier, avg(dep_delay) from flights.departures group by 1"

    A SQL of - is read from standard input.
    """
    from mesh_dagster.products.query import opened
    from mesh_dagster.products.sql.process import Limits

    form = format_of(kind, output, as_json=as_json)
    text = sys.stdin.read() if sql == "-" else sql
    limits = Limits(timeout or None, memory)
    when = moment_or_publication(as_of)
    with opened(text, mesh=open_mesh(), as_of=when, limits=limits) as rows:
        write_rows(rows, form, limit, output)


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
