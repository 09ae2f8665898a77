"""The process of one query, as its parent sees it: asked, read from, and ended in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from mesh_dagster.products.reading.sql.folder import MEMORIES, Folder
from mesh_dagster.products.reading.sql.plan import Asked

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_MODULE = "mesh_dagster.products.reading.sql.worker"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""Of the environment all that such a process gets: credentials are none of its business."""

_ROWS = 1 << 18
"""Of a table that are read at once, where it is written for the process."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take: seconds of work (None: any), and megabytes of memory."""

    seconds: float | None = 300.0
    megabytes: int = 2048


DEFAULT = Limits()


class Ended(RuntimeError):
    """The query has no answer, or no whole one. `kind` says what of: `time`, `memory`, ..."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Process:
    """One query in a process that starts at once, while its parent looks its tables up.

    Seconds are counted while the parent waits for it or writes what it reads, and not while
    somebody reads a page.
    """

    def __init__(self, sql: str, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.seconds
        self._late = False
        self._room = MEMORIES * limits.megabytes * 1_000_000
        self._folder = Folder()
        self.folder = self._folder.path
        self._sql = sql
        self._process = self._started()
        try:
            opening = {"sql": sql, "folder": str(self.folder), "megabytes": limits.megabytes}
            self._say(opening | {"threads": os.cpu_count() or 1})
        except BaseException:
            self.close()  # Ctrl-C comes at any line
            raise

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """End it, whatever it does, and leave nothing of it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._folder.remove()

    def __exit__(self, *_: object) -> None:
        self.close()

    def asked(self) -> Asked:
        """What the query reads. Raises `Ended` for one that is not run."""
        out = self._process.stdout
        assert out is not None  # noqa: S101 (it is a pipe)
        with self._counted():
            line = out.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        said = json.loads(line)
        return Asked(
            self._sql,
            tuple(said["tables"]),
            tuple(said["words"]),
            said["everything"],
            tuple(said["bare"]),
        )

    def write(self, rows: pl.LazyFrame, name: str, *, statistics: bool = True) -> list[str]:
        """Write what the query reads of a storage that its process cannot open; the files.

        Raises `Ended` when its seconds are over, or there is no room for more.
        """
        files: list[str] = []
        with self._counted():
            # A sink would read on to the end of all files after what it writes to has failed.
            for batch in rows.collect_batches(chunk_size=_ROWS, engine="streaming"):
                file = self.folder / f"{name}-{len(files)}.parquet"
                self._keep(batch, file, statistics)
                files.append(str(file))
        return files

    def run(self, tables: Sequence[Mapping[str, Any]]) -> pa.ipc.RecordBatchStreamReader:
        """Let it run over these tables. Raises `Ended` if there is not even a first row."""
        import pyarrow as pa

        self._say(tables)
        with self._counted():
            try:
                return pa.ipc.open_stream(self._process.stdout)
            except (pa.ArrowInvalid, OSError):
                pass
        raise self._ended()

    def batches(self, reader: pa.ipc.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
        """The rows as they come. Raises `Ended` when they do not come to their end."""
        import pyarrow as pa

        while True:
            with self._counted():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    break
                except (pa.ArrowInvalid, OSError):
                    raise self._ended() from None
            yield batch
        with self._counted():
            code = self._process.wait()
        if code:
            raise self._ended()

    def _keep(self, batch: pl.DataFrame, file: Path, statistics: bool) -> None:
        from polars.exceptions import ComputeError

        if self._late:
            raise self._ended()
        try:
            batch.write_parquet(file, compression="lz4", statistics=statistics)
            self._room -= file.stat().st_size
        except (OSError, ComputeError) as error:
            raise Ended("disk", f"what the query reads cannot be kept: {error}") from None
        if self._room < 0:
            most = f"{MEMORIES * self._limits.megabytes:,} MB"
            raise Ended("memory", f"the query reads more than the {most} that may be kept for it")

    def _started(self) -> subprocess.Popen[bytes]:
        (self.folder / "spill").mkdir()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "HOME": str(self.folder),
        }
        return subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=environment,
        )

    def _say(self, message: Any) -> None:
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count the seconds of waiting, and end the process when there are none left."""
        # Polars, imported, has reads begin again after a signal: Ctrl-C would come too late.
        signal.siginterrupt(signal.SIGINT, True)
        if self._left is None:
            yield
            return
        begun = monotonic()
        timer = Timer(max(self._left, 0.0), self._stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._left -= monotonic() - begun

    def _stop(self) -> None:
        self._late = True
        self._process.kill()

    def _ended(self) -> Ended:
        """Why there is no (further) answer: in its own words, where it had time for any."""
        self._process.kill()
        self._process.wait()
        if self._late:
            told = f"the query took longer than {self._limits.seconds:g} seconds, and was ended"
            return Ended("time", told)
        said = self._process.stderr.read() if self._process.stderr is not None else b""
        with suppress(ValueError, KeyError, TypeError):
            found = json.loads(said)
            if found["kind"] != "memory":
                return Ended(found["kind"], found["message"])
        most = f"{self._limits.megabytes:,} MB"
        return Ended("memory", f"the query takes more memory than the {most} it may have")
