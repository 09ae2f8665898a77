"""`mesh`: the command. One module a noun; each is imported when its command is called."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """The console script. Exit codes: 0 clean, 1 findings, 2 usage, 3 could not evaluate."""
    from mesh_dagster.cli.root import run

    # Who is asked to end cleans up as after Ctrl-C. `nohup` has asked not to be.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))
