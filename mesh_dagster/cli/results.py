"""The rows of a query as people and programs take them: on the screen, or as a file.

Rows are written as they come. A file has its final name only when it is whole: what fails or is
killed on the way leaves what was there before.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from mesh_dagster.cli.output import say
from mesh_dagster.cli.table import shown
from mesh_dagster.errors import EvaluationError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from mesh_dagster.products.reading.query import Rows

FORMATS = ("table", "csv", "json", "ndjson", "parquet", "arrow")
_SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "ndjson",
    ".ndjson": "ndjson",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".txt": "table",
}
BINARY = ("parquet", "arrow")
ON_SCREEN = 100
"""Rows of a table, where nobody says how many: more is not read on a screen."""


class Limited:
    """The batches of a query up to a number of rows; `more` says whether there were others."""

    def __init__(self, rows: Rows, limit: int | None) -> None:
        self.schema = rows.schema
        self._batches, self._limit = rows.batches, limit
        self.taken = 0
        self.more = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            left = batch.num_rows if self._limit is None else self._limit - self.taken
            if left < batch.num_rows:
                self.more = True
                batch = batch.slice(0, left)  # noqa: PLW2901 (the rest is never wanted)
            self.taken += batch.num_rows
            if batch.num_rows:
                yield batch
            if self.more:
                return


def format_of(named: str | None, output: Path | None, *, as_json: bool) -> str:
    """The format that somebody asked for, in words or by the name of a file.

    Raises `UsageError` for a file's name that says nothing.
    """
    if named is not None:
        return named
    if as_json:
        return "json"
    if output is None:
        return "table"
    found = _SUFFIXES.get(output.suffix.lower())
    if found is None:
        raise UsageError(
            f"the name {output.name} says no format; formats are {', '.join(FORMATS)}",
            fix=f"--format csv, or --output {output.with_suffix('.csv').name}",
        )
    return found


def write_rows(
    rows: Rows, kind: str, limit: int | None, output: Path | None, *, everything: str = "--limit 0"
) -> None:
    """Write a query's rows; what a limit left out, and where they went, is said.

    `everything` is what to say where all of them are wanted.
    Raises `UsageError` for what no terminal shows, and `EvaluationError` for a file that cannot
    be written.
    """
    if kind == "table" and limit is None and output is None:
        limit = ON_SCREEN
    taken = Limited(rows, limit or None)
    if output is None:
        with _stdout(kind) as out:
            _write(taken, kind, out, seekable=False)
    else:
        with replaced(output) as out:
            _write(taken, kind, out, seekable=True)
        say(f"{taken.taken:,} rows in {output}")
    if taken.more:
        say(f"only the first {taken.taken:,} rows; {everything} is all of them")


def _write(taken: Limited, kind: str, out: BinaryIO, *, seekable: bool) -> None:
    from mesh_dagster.cli import formats

    match kind:
        case "table":
            formats.table(taken.schema, taken, out)
        case "csv":
            formats.csv(taken.schema, taken, out)
        case "json" | "ndjson":
            formats.json_rows(taken, out, lines=kind == "ndjson")
        case "parquet":
            formats.parquet(taken.schema, taken, out)
        case _:
            formats.arrow(taken.schema, taken, out, file=seekable)


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file under another name, which takes the place of this one when it is whole.

    What is there and no file, such as /dev/null or a pipe, keeps its place and is written to.
    Raises `EvaluationError` where it cannot be written.
    """
    if path.exists() and not path.is_file():
        try:
            with path.open("wb") as device:
                yield cast(BinaryIO, device)
        except OSError as error:
            raise _unwritten(path, error) from error
        return
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        try:
            with temporary.open("xb") as file:
                yield cast(BinaryIO, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> EvaluationError:
    return EvaluationError(
        f"{path} cannot be written: {error.strerror or error}",
        code="MESH-M068",
        fix="name another file",
    )


@contextmanager
def _stdout(kind: str) -> Iterator[BinaryIO]:
    """Standard output; on a terminal what data could drive it by is made visible."""
    sys.stdout.flush()
    out = cast(BinaryIO, sys.stdout.buffer)
    if not sys.stdout.isatty():
        yield out
        return
    if kind in BINARY:
        raise UsageError(
            f"{kind} is nothing that a terminal shows",
            fix=f"--output rows.{kind}",
        )
    yield cast(BinaryIO, out if kind == "table" else _Visible(out))
    sys.stdout.flush()


class _Visible:
    """Lets lines through, and no character that would drive a terminal."""

    closed = False

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, data: bytes) -> int:
        text = bytes(data).decode("utf-8", "replace")
        lines = (shown(line) for line in text.replace("\r\n", "\n").split("\n"))
        self._out.write("\n".join(lines).encode())
        return len(data)

    def flush(self) -> None:
        self._out.flush()

    def close(self) -> None:
        self.flush()

    def writable(self) -> bool:
        return True
