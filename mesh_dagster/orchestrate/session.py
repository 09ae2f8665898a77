"""Leading the processes of `services` from one that imports no Dagster, and ending them all."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mesh_dagster.errors import UsageError
from mesh_dagster.orchestrate.home import HOME

_PATIENCE = 40

LOG = "services.log"
"""The file in a DAGSTER_HOME to which the services print."""

LOCK = "daemon.lock"
"""The file in a DAGSTER_HOME that whoever runs a daemon there holds."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the services said last: paths of assets that run, that are asked for, that will be,
    and whose newest run failed."""

    up: bool = False
    running: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    to_come: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def at_rest(self) -> bool:
        """Whether nothing runs, and nothing was asked for; something may wait for others."""
        return self.up and not (self.running or self.asked)

    @property
    def idle(self) -> bool:
        """Whether nothing runs, and nothing is known that will."""
        return self.at_rest and not self.to_come


class Session:
    """Dagster at work in processes of their own; `log` is what they print."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes], log: Path) -> None:
        self._process = process
        self._said = said
        self._rest = b""
        self._status = Status()
        self.log = log

    @property
    def alive(self) -> bool:
        """Whether the services still run."""
        return self._process.poll() is None

    def status(self, wait: float = 1.0) -> Status:
        """What the services said last, after waiting for a word for at most `wait` seconds."""
        ready, _, _ = select.select([self._said], [], [], wait)
        if ready:
            *lines, self._rest = (self._rest + os.read(self._said.fileno(), 65536)).split(b"\n")
            for line in lines:
                self._status = _status(json.loads(line))
        return self._status


@contextmanager
def session(
    root: Path,
    home: Path,
    workspace: Path,
    *,
    materialize: Sequence[Mapping[str, object]],
    tick: Sequence[str],
) -> Iterator[Session]:
    """Start Dagster on a workspace; whatever ends the block ends every process of it.

    Each of `materialize` has the `path` of an asset, its `partitions` if it has any, and `after`:
    the paths of assets that have to be there before. `tick` are the paths of products whose
    schedule is started until it has ticked. Raises `UsageError` when another Dagster works in
    this home.
    """
    log = home / LOG
    request = json.dumps({"materialize": list(map(dict, materialize)), "tick": list(tick)})
    with only_one(home), log.open("ab") as output:
        read, write = os.pipe()
        process = subprocess.Popen(  # noqa: S603 (our own module)
            [
                *(sys.executable, "-m", "mesh_dagster.orchestrate.services"),
                *(str(workspace), request, str(write)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=root,
            env={**os.environ, HOME: str(home)},
            pass_fds=[write],
            start_new_session=True,
        )
        os.close(write)
        with os.fdopen(read, "rb", buffering=0) as said:
            try:
                yield Session(process, said, log)
            finally:
                _end(process)


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold a home, so that no two daemons work in it at once. Raises `UsageError`."""
    with (home / LOCK).open("a") as lock:
        take(lock, home)
        yield


def take(lock: IO[str], home: Path) -> None:
    """Take the lock of a home, for as long as the file is open. Raises `UsageError`."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = Path(lock.name).read_text(encoding="utf-8").strip()
        who = f", process {holder}," if holder else ""
        raise UsageError(
            f"another Dagster{who} works in {home} already, and two daemons would do all work "
            "twice",
            code="MESH-M062",
            fix="end the other `mesh dev` or `mesh demo` first",
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the services to end; then make sure of every process of their session."""
    # A second Ctrl-C must not leave half of them behind.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _status(line: Mapping[str, object]) -> Status:
    known = {name: line[name] for name in Status.__dataclass_fields__ if name in line}
    lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    return Status(**(known | lists))  # type: ignore[arg-type]
