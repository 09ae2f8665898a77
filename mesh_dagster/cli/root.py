"""The command `mesh`: finds the command that was asked for, and ends it well.

Whatever goes wrong below, what a person sees is a sentence on stderr and an exit code: 0 clean,
1 findings, 2 usage or descriptors, 3 could not evaluate.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from mesh_dagster.cli.lazy import LazyGroup
from mesh_dagster.cli.output import say
from mesh_dagster.errors import MeshError

COMMANDS = {
    "demo": "demo",
    "dev": "dev",
    "check": "check",
    "products": "products",
    "search": "search",
    "show": "show",
    "snapshots": "snapshots",
    "query": "query",
    "compose": "compose",
    "lab": "lab",
    "run": "run",
    "slo": "slo",
    "score": "score",
    "quarantine": "quarantine",
    "audit": "quarantine",
    "review": "review",
    "policy": "policy",
    "waive": "waive",
    "promote": "life",
    "deprecate": "life",
    "retire": "life",
    "request": "request",
    "access": "access",
    "alerts": "alerts",
    "incidents": "incidents",
    "doctor": "doctor",
    "lineage": "lineage",
    "impact": "impact",
    "map": "map",
    "registry": "registry",
    "contract": "contract",
    "rollback": "snapshots",
    "explain": "explain",
}
"""Each command, in the order of the help, and its module in this package."""

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""

PIPE_CLOSED = 141
"""128 + SIGPIPE: the reader had enough, so what the command found was not all said."""

DEBUG = "MESH_DEBUG"


class _PipeClosed(Exception):
    """Nobody reads stdout any more."""


class _Commands(LazyGroup):
    modules = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        # click turns a closed pipe into exit code 1, which here means findings.
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise _PipeClosed from error
        return outcome


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"mesh-dagster {version('mesh-dagster')}")
        ctx.exit()


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 clean, 1 findings, 2 usage or descriptors, 3 could not evaluate.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Print the version and exit.",
)
def mesh() -> None:
    """Data products that keep their contracts, on Dagster.

    An ADDRESS is mesh://<domain>/<product>[/v<major>][/<port>]; `mesh://` may be left out.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    # Which pandas pyspark likes is nothing that somebody who tests a contract can act on.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark|pandera")
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        outcome = mesh.main(list(arguments), prog_name="mesh", standalone_mode=False, color=colour)
    except BaseException as error:  # noqa: BLE001 (Rust panics of libraries are no Exception)
        return _ended(error)
    return outcome if isinstance(outcome, int) else 0


def _ended(error: BaseException) -> int:
    match error:
        case MeshError():
            say(str(error))
            code = error.exit_code
        case click.ClickException():
            error.show(sys.stderr)
            code = error.exit_code
        case click.Abort() | KeyboardInterrupt():
            code = INTERRUPTED
        case SystemExit():  # click's completion ends so
            code = error.code if isinstance(error.code, int) else 0
        case _PipeClosed():
            _silence_stdout()
            code = PIPE_CLOSED
        case _:
            _bug(error)
            code = MeshError.exit_code
    return code


def _bug(error: BaseException) -> None:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    lines = str(error).strip().splitlines() or [""]
    said = f"{type(error).__name__}: {lines[0]}".rstrip(": ")
    hint = "" if os.environ.get(DEBUG) else f" ({DEBUG}=1 shows where)"
    say(f"This is a bug in mesh-dagster: {said}{hint}")


def _silence_stdout() -> None:
    """Keep the interpreter from complaining about the closed pipe when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
