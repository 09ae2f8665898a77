"""`mesh contract import`: a contract from what a team has already."""

from __future__ import annotations

from pathlib import Path

import click

from mesh_dagster.cli.contract_infer import check_free, deliver, force, output
from mesh_dagster.cli.output import say


@click.command("import")
@click.argument("format_", metavar="FORMAT")
@click.argument("place", metavar="PATH")
@output
@force
def command(format_: str, place: str, *, output: Path | None, force: bool) -> None:
    """Write a contract from a schema in another format.

    FORMAT is parquet, arrow, dbt (a schema.yml), jsonschema, iceberg, pandera
    (module.py::schema, whose code is run) or dcs (Data Contract Specification). What of it a
    contract cannot hold is said on stderr and at the top of the contract.

    Exits with 0 where there is a contract, whatever it does not hold, and with 2 where PATH or what
    is in it cannot be used.
    """
    from mesh_dagster.contracts.exchange.formats import import_contract

    check_free(output, force)
    found = import_contract(format_, place)
    tell(found.notes, "not held by the contract")
    deliver(found.text, output)


def tell(notes: tuple[str, ...], title: str) -> None:
    """What was left behind, on stderr."""
    if notes:
        say(f"{title}:")
        for note in notes:
            say(f"  {note}")
