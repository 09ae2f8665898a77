"""`mesh contract export`: a contract for tools that do not know the standard."""

from __future__ import annotations

from pathlib import Path

import click

from mesh_dagster.cli.contract_import import tell
from mesh_dagster.cli.contract_infer import check_free, deliver, force, output


@click.command("export")
@click.argument("format_", metavar="FORMAT")
@click.argument("contract", type=click.Path(path_type=Path))
@output
@force
@click.option("--table", help="The schema object that is meant, where there are several.")
@click.option(
    "--backend",
    type=click.Choice(("polars", "pandas", "pyspark")),
    default="polars",
    show_default=True,
    help="Of pandera.",
)
def command(
    format_: str,
    contract: Path,
    *,
    output: Path | None,
    force: bool,
    table: str | None,
    backend: str,
) -> None:
    """Write a contract in another format.

    FORMAT is pandera (Python source), dbt (a schema.yml), iceberg (a schema in JSON), jsonschema
    or markdown. What the format cannot hold is said on stderr, and in it where it has comments.

    Exits with 0 where something was written, whatever it leaves out, and with 2 where the contract
    cannot be used or the format cannot hold it at all.
    """
    from mesh_dagster.contracts.exchange.formats import export_contract
    from mesh_dagster.contracts.reading import read_contract

    check_free(output, force)
    read = read_contract(contract)
    found = export_contract(format_, read.contract, table=table, backend=backend)
    tell(found.notes, f"not held by {format_}")
    deliver(found.text, output)
