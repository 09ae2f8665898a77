"""`mesh query`: SQL over the products of the mesh."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.moment import moment_or_publication
from mesh_dagster.cli.output import as_json, say
from mesh_dagster.cli.results import BINARY, FORMATS, format_of, write_rows
from mesh_dagster.cli.target import complete_addresses, complete_examples, open_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh


@click.command()
@click.argument("asked", required=False, metavar="[SQL|ADDRESS]", shell_complete=complete_addresses)
@click.argument("name", required=False, metavar="[EXAMPLE]", shell_complete=complete_examples)
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
@click.option(
    "--purpose",
    metavar="TEXT",
    help="What it is read for: that of a grant, where it is read by grant. [default: MESH_PURPOSE]",
)
@as_json
def query(
    *,
    asked: str | None,
    name: str | None,
    as_of: str | None,
    limit: int | None,
    timeout: float,
    memory: int,
    kind: str | None,
    output: Path | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Run one SELECT over products, by their SQL names, or an example query of a product.

    mesh query "select carrier, avg(dep_delay) from flights.departures group by 1"

    mesh query flights/departures delay_by_carrier

    An ADDRESS alone shows its rows; a SQL of - is read from standard input. With nothing, a
    shell opens: .help tells what it knows.
    """
    from mesh_dagster.cli.shell import Settings, Shell
    from mesh_dagster.cli.typed import run_shell
    from mesh_dagster.products.reading.query import opened
    from mesh_dagster.products.reading.sql.process import Limits

    form = format_of(kind, output, as_json=as_json)
    limits = Limits(timeout or None, memory)
    when = moment_or_publication(as_of)
    mesh = open_mesh()
    if asked is None:
        if output is not None or form in BINARY:
            raise UsageError("a file is written of one query", fix="mesh query SQL --output FILE")
        settings = Settings(form, limit, limits, as_of, when, purpose)
        run_shell(Shell(mesh, settings, timed=sys.stdout.isatty()))
        return
    sql = _sql(mesh, asked, name)
    with opened(sql, mesh=mesh, as_of=when, limits=limits, purpose=purpose) as rows:
        write_rows(rows, form, limit, output)


def _sql(mesh: Mesh, asked: str, name: str | None) -> str:
    """The query that is meant: as it stands, an example's, or all rows of a product."""
    from mesh_dagster.ports.sql import table_of
    from mesh_dagster.products.reading.examples import example, examples_of

    address = _address(asked)
    if address is None and name is not None:
        raise UsageError(
            "an example query is one of a product", fix="mesh query flights/departures EXAMPLE"
        )
    if address is None:
        return sys.stdin.read() if asked == "-" else asked
    if name is not None:
        found = example(mesh, address, name)
        say(found.title or found.name)
        return found.sql
    for each in examples_of(mesh, address):
        say(f"mesh query {address.path} {shlex.quote(each.name)}")
        if each.title:
            say(f"  # {each.title}")
    return f"from {table_of(address)}"


def _address(text: str) -> Address | None:
    """An address, where it is one: a query has a blank in it."""
    if text == "-" or any(each.isspace() for each in text):
        return None
    return Address.read(text)
