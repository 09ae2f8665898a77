"""`mesh dev`: the mesh, or one domain of it, in Dagster's UI."""

from __future__ import annotations

import os
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from mesh_dagster.cli.output import say
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.errors import MissingExtra, UsageError
from mesh_dagster.orchestrate.home import HOME

LOCALHOST = "127.0.0.1"
_SUPERSEDED = "ignore:Function `dev_command` is superseded:FutureWarning"
"""`dg dev`, which Dagster would rather have called, starts this command in its turn."""


@click.command()
@click.argument("domain", required=False)
@click.option("--port", default=3000, show_default=True, help="Where the UI listens.")
@click.option("--verbose", is_flag=True, help="Print all that Dagster does, not warnings alone.")
def dev(domain: str | None, port: int, verbose: bool) -> None:
    """Open the mesh in Dagster's UI; with a DOMAIN, that one alone.

    A domain alone shows what it reads of others, and what its contracts refer to, as external
    assets. Only this machine can reach the UI.
    """
    from mesh_dagster.orchestrate.dead_runs import close_dead_runs_of
    from mesh_dagster.orchestrate.home import dagster_home
    from mesh_dagster.orchestrate.session import LOCK, take
    from mesh_dagster.orchestrate.workspace import alone, workspace

    if find_spec("dagster_webserver") is None:
        raise MissingExtra("the UI", "demo")
    _require_free(port)
    mesh = open_mesh()
    root, state = mesh.config.root, mesh.config.state
    chosen = workspace(root) if domain is None else alone(root, domain, state)
    home = dagster_home(state)
    # Held by what this process becomes, until it ends.
    lock = (home / LOCK).open("a")
    take(lock, home)
    os.set_inheritable(lock.fileno(), True)
    if HOME not in os.environ:  # one that is named may be shared with other machines
        close_dead_runs_of(home)
    say(f"{domain or 'all domains'}: http://{LOCALHOST}:{port} ({HOME} is {home})")
    say("it takes half a minute to come up; Ctrl-C ends it")
    serving = ["-w", str(chosen), "-h", LOCALHOST, "-p", str(port)]
    _become_dagster(root, home, [*serving, *_logging(verbose)])


def _logging(verbose: bool) -> list[str]:
    """How much Dagster says, and in colours only where somebody sees them."""
    level = "info" if verbose else "warning"
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return ["--log-level", level, *([] if coloured else ["--log-format", "json"])]


def _require_free(port: int) -> None:
    """Refuse a port that is taken: Dagster would run on without its UI, behind another's."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {LOCALHOST} cannot be listened on: {error.strerror}",
                code="MESH-M065",
                fix=f"mesh dev --port {port + 1}",
            ) from error


def hear_interrupts() -> None:
    """A script that starts this in the background has it ignore Ctrl-C. Dagster ends on TERM as it
    does on Ctrl-C, so it would ignore both and could not be asked to end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _become_dagster(root: Path, home: Path, arguments: list[str]) -> None:
    """Replace this process, so that Ctrl-C reaches Dagster, which ends what it started."""
    hear_interrupts()
    environment = {**os.environ, HOME: str(home)}
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(root)
    os.execve(  # noqa: S606 (no shell is wanted)
        sys.executable,
        [sys.executable, "-W", _SUPERSEDED, "-m", "dagster", "dev", *arguments],
        environment,
    )
