"""Processes that do something and are killed at one of their lines.

What is done is a module's `act(root, number, begin)`, and the module ends with `main(act, FILES)`:

python -m MODULE trace ROOT        do it, and print each line of FILES that ran after `begin`
python -m MODULE die_often ROOT    for each line of input, do it and be killed there

No test waits for a lease: each process lives some minutes after the one before it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from mesh_dagster import clock

Act = Callable[[str, str, Callable[[], None]], None]

PACKAGE = Path(clock.__file__).parent
_TESTS = Path(__file__).parents[1]
_LEASE = timedelta(minutes=10)
"""Longer than anybody holds what he took."""


def lines(module: str, root: Path) -> list[str]:
    """Each line that runs, in the order of their first times."""
    return _ran(module, "trace", root)


def killed(module: str, root: Path, where: Sequence[str]) -> int:
    """How many processes were killed, of one for each line; the others never came to theirs."""
    return _ran(module, "die_often", root, "\n".join(where)).count("killed")


def after(processes: int) -> Callable[[], datetime]:
    """A clock for who comes when so many are dead: nothing is theirs any more."""
    return lambda: datetime.now(UTC) + processes * _LEASE


def command(module: str, *arguments: object) -> list[str]:
    """Run a module of the tests in the folder of the tests."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def _ran(module: str, what: str, root: Path, given: str = "") -> list[str]:
    asked = subprocess.run(
        command(module, what, root),
        cwd=_TESTS,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.splitlines()


def main(act: Act, files: tuple[str, ...]) -> None:
    """What the command line asks for."""
    what, root = sys.argv[1:]
    {"trace": _trace, "die_often": _die_often}[what](act, files, root)


def _trace(act: Act, files: tuple[str, ...], root: str) -> None:
    seen: dict[str, None] = {}
    act(root, "0", lambda: _traced(seen.setdefault, files))
    sys.settrace(None)
    print("\n".join(dict(seen)))


def _die_often(act: Act, files: tuple[str, ...], root: str) -> None:
    """Importing and doing it for the first time take a second, dying no time: a fork for each."""
    act(root, "first", lambda: None)
    for number, where in enumerate(sys.stdin, 1):
        child = os.fork()
        if not child:
            clock.wall = after(number)
            _die(act, files, root, str(number), where.strip())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)


def _die(act: Act, files: tuple[str, ...], root: str, number: str, where: str) -> None:
    def at(each: str) -> None:
        if each == where:
            os.kill(os.getpid(), signal.SIGKILL)

    act(root, number, lambda: _traced(at, files))


def _traced(at: Callable[[str], object], files: tuple[str, ...]) -> None:
    """Call `at` with each line of some files that runs from now on, in every thread."""
    named: dict[str, str | None] = {}

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in named:
            short = file.removeprefix(f"{PACKAGE}/")
            named[file] = short if short.startswith(files) else None
        return line if named[file] else None

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            at(f"{named[frame.f_code.co_filename]}:{frame.f_lineno}")
        return line

    threading.settrace(enter)
    sys.settrace(enter)
