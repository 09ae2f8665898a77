"""`mesh lab`: a Python session with a product at hand, or a notebook of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from mesh_dagster.cli.moment import moment_or_publication
from mesh_dagster.cli.output import emit, say
from mesh_dagster.cli.results import replaced
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address


@click.command()
@click.argument("address", type=ADDRESS)
@click.option(
    "--as-of",
    metavar="T",
    help="Read what had been published then: a moment (UTC) or a publication.",
)
@click.option(
    "--notebook",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it as a notebook (.ipynb) and open nothing.",
)
@click.option(
    "--purpose",
    metavar="TEXT",
    help="What it is read for: that of a grant, where it is read by grant. [default: MESH_PURPOSE]",
)
def lab(address: Address, as_of: str | None, notebook: Path | None, purpose: str | None) -> None:
    """Try a product out in Python: its rows, its example queries, the whole mesh.

    Opens IPython where it is installed, else Python's own shell.
    """
    from mesh_dagster.products.granting.stating import MESH_PURPOSE, stated
    from mesh_dagster.products.reading import lab as labs

    mesh = open_mesh()
    when = moment_or_publication(as_of)
    if notebook is not None:
        if notebook.exists():
            raise UsageError(
                f"{notebook} is there already, and may be somebody's work",
                fix=f"name another file, or remove it: rm {notebook}",
            )
        text = labs.notebook(mesh, address, notebook, when, stated(purpose))
        with replaced(notebook) as out:
            out.write(text)
        say(f"written: {notebook}")
        return
    if (said := stated(purpose)) is not None:
        os.environ[MESH_PURPOSE] = said  # of all that the session reads
    names = labs.session(mesh, address, when)
    emit(labs.greeting(names["port"]))
    _open(names)


def _open(names: dict[str, Any]) -> None:
    """Let a person, or a script that is piped in, go on from here."""
    if sys.stdin.isatty():
        try:
            from IPython import start_ipython
        except ImportError:
            pass
        else:
            start_ipython(argv=["--no-banner", "--no-confirm-exit"], user_ns=names)
            return
    import code

    try:
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(names).complete)
        readline.parse_and_bind("tab: complete")
    except ImportError:
        pass  # a Python without it has no completion
    code.interact(banner="", local=names, exitmsg="")
