"""`mesh`: the command. One module a noun; each is imported when its command is called."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script. Exit codes: 0 clean, 1 findings, 2 usage, 3 could not evaluate."""
    from mesh_dagster.cli.root import run

    sys.exit(run(sys.argv[1:]))
