"""Real processes for tests: started in a group of their own, and ended whatever happens.

Every process carries a mark in its environment, which its children inherit wherever they go; so
those that leave their parent's group, as Dagster's code servers and runs do, are found as well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MARK = "MESH_TEST_MARK"
_TAIL = 60


@dataclass(frozen=True)
class Done:
    """A process that has ended, and how."""

    command: str
    code: int
    out: str
    err: str
    seconds: float

    def succeeded(self) -> Done:
        """This, when it exited 0."""
        return self.exited(0)

    def exited(self, code: int) -> Done:
        """This, when it exited so; an assertion that tells all it printed otherwise."""
        assert self.code == code, f"{self.command} exited {self.code}:\n{self.out}\n{self.err}"
        return self


@dataclass(frozen=True)
class Running:
    """A process at work, and the file in which everything it prints is kept."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL:])


class Processes:
    """Starts processes that see one mesh, and knows all of them that live."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = uuid.uuid4().hex
        self._started: list[Running] = []

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a new user's shell has: the tested installation in its PATH, an empty home."""
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        ours = {MARK: self._mark, "PATH": path, "HOME": str(home), "PYTHONFAULTHANDLER": "1"}
        return {**kept, **ours, **(more or {})}

    def run(
        self,
        command: Sequence[str] | str,
        cwd: Path,
        *,
        seconds: float = 600,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command to its end; a text goes to the shell, as if it were pasted."""
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=self.environment(env),
            shell=isinstance(command, str),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = command if isinstance(command, str) else " ".join(command)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            self.end()
            out, err = process.communicate()
            raise AssertionError(f"{said} took over {seconds} s:\n{out}\n{err}") from error
        return Done(said, process.returncode, out, err, time.monotonic() - begun)

    def start(
        self,
        command: Sequence[str] | str,
        cwd: Path,
        name: str,
        env: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a process that goes on; `name` is its log's."""
        log = self._folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                # The shell becomes the command, so that a signal reaches it.
                f"exec {command}" if isinstance(command, str) else command,
                cwd=cwd,
                env=self.environment(env),
                shell=isinstance(command, str),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        running = Running(process, log)
        self._started.append(running)
        return running

    def interrupt(self, running: Running, seconds: float = 300) -> None:
        """Press Ctrl-C: the signal goes to the whole group, as from a terminal."""
        with suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGINT)
        try:
            running.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"not ended by Ctrl-C:\n{running.tail}") from error

    def living(self) -> list[psutil.Process]:
        """Every process that was started, and those that these have started."""
        return [each for each in psutil.process_iter() if self._is_ours(each)]

    def listening(self) -> set[str]:
        """The addresses on which any of them accepts connections over the network."""
        found = set()
        for each in self.living():
            with suppress(psutil.NoSuchProcess):
                open_ones = each.net_connections(kind="inet")
                found |= {c.laddr.ip for c in open_ones if c.status == psutil.CONN_LISTEN}
        return found

    def end(self) -> None:
        """End all of them: asked first, then made to."""
        living = self.living()
        for each in living:
            with suppress(psutil.NoSuchProcess):
                each.terminate()
        psutil.wait_procs(living, timeout=30)
        # The second look finds what was started meanwhile.
        for each in self.living():
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(living, timeout=60)
        for running in self._started:
            running.process.poll()

    def wait_for(
        self,
        missing: Callable[[], str],
        *running: Running,
        seconds: float = 600,
        every: float = 0.5,
    ) -> None:
        """Wait until nothing is missing. Fails with what still is, and with the logs' tails.

        So does the end of a process that was to go on.
        """
        until = time.monotonic() + seconds
        while absent := missing():
            ended = [each for each in running if each.process.poll() is not None]
            if ended or time.monotonic() > until:
                why = "a process ended" if ended else f"{seconds:.0f} s are over"
                raise AssertionError("\n".join([f"{why}, missing: {absent}", *_tails(running)]))
            time.sleep(every)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return (
                process.environ().get(MARK) == self._mark
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.Error:
            return False


def _tails(running: Sequence[Running]) -> Iterator[str]:
    for each in running:
        yield f"--- the end of {each.log}:"
        yield each.tail
