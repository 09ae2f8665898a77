"""`mesh contract infer`: a contract from data."""

from __future__ import annotations

from pathlib import Path

import click

from mesh_dagster.cli.output import emit, say, write
from mesh_dagster.errors import UsageError

output = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file."
)
"""Where a command writes a document, stdout by default."""

force = click.option("--force", is_flag=True, help="Overwrite the file that is there.")


@click.command("infer")
@click.argument("data", metavar="PATH")
@output
@force
@click.option("--table", help="The table of a DuckDB file.")
@click.option("--name", help="What to call the contract and its table.")
def command(
    data: str, output: Path | None, force: bool, table: str | None, name: str | None
) -> None:
    """Write a contract from data, with the evidence for each promise in a comment.

    PATH is a file, a folder or a quoted pattern: Parquet, CSV, JSON (.ndjson, .json), or a
    table of a DuckDB file. What is promised is meant to hold for tomorrow's file too.
    """
    from mesh_dagster.contracts.inference.infer import infer
    from mesh_dagster.contracts.inference.reading import opened

    check_free(output, force)
    with opened(data, table) as source:
        found = infer(
            source.rows,
            name=name or source.name,
            source=source.place,
            texts=source.texts,
            untyped=source.untyped,
        )
    deliver(found.text, output)


def check_free(output: Path | None, force: bool) -> None:
    """Refuse to write over a file, before any work. Raises `UsageError`."""
    if output is not None and output.exists() and not force:
        raise UsageError(f"{output} is there already", fix=f"another -o, or --force: {output}")


def deliver(text: str, output: Path | None) -> None:
    """Print a document, or write it to a file and say so. Raises `UsageError`."""
    if output is None:
        return emit(text.rstrip("\n"))
    write(text, output)
    return say(f"wrote {output}")
