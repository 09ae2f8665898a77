"""Room for what has to be rewritten before it can be scanned; gone when the audit ends."""

from __future__ import annotations

import bz2
import codecs
import gzip
import shlex
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import IO, Any, cast

from mesh_dagster.contracts.files.formats import Compression, compression_of, first_bytes
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import EvaluationError, UsageError

BLOCK = 1 << 20
MOST_UNPACKED = 1 << 30
"""Bytes beyond which what is unpacked may be no more than so many times what is packed:"""

_TIMES = 300
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
Progress = Callable[[str], None]


class Spool(AbstractContextManager["Spool"]):
    """A folder for this audit's own files, and whatever else must be closed at its end."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._stack = ExitStack()
        self._folder: Path | None = None
        self._count = 0
        self._progress = progress
        self.notes: list[str] = []
        self._kept: dict[str, Any] = {}

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def say(self, text: str) -> None:
        """Tell whoever waits what is being done."""
        if self._progress:
            self._progress(text)

    def note(self, text: str) -> None:
        """Keep a word on how something was taken, to be told beside the results."""
        if text not in self.notes:
            self.notes.append(text)

    def keep(self, resource: Any) -> None:
        """Close something when the audit ends."""
        self._stack.callback(resource.close)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A resource of this audit, made when it is first asked for and closed at the end.

        Tables that are joined must be of one connection.
        """
        if name not in self._kept:
            self._kept[name] = make()
            self.keep(self._kept[name])
        return self._kept[name]

    def path(self, suffix: str) -> Path:
        """A new file's path, in a folder that is removed at the end."""
        if self._folder is None:
            made = tempfile.TemporaryDirectory(prefix="mesh-contract-", ignore_cleanup_errors=True)
            self._folder = Path(self._stack.enter_context(made))
        self._count += 1
        return self._folder / f"{self._count:06}{suffix}"


def encoding_called(name: str) -> str:
    """Python's name of an encoding. Raises `UsageError` for none that it knows."""
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        known = ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "ascii"]
        raise UsageError(
            f"the encoding {name[:60]!r} is not known{did_you_mean(name, known)}", code="MESH-C022"
        ) from None


def texts(path: Path, encoding: str | None = None, compression: str | None = None) -> Iterator[str]:
    """A file's text in blocks, decompressed and decoded; a mark at its beginning goes first.

    Raises `EvaluationError` naming the line of a byte that cannot stand where it is.
    """
    found = compression_of(path, compression)
    with unpacked(path, found) as file:
        start = _read(file, path)
        mark = next((mark for mark in _MARKS if start.startswith(mark)), b"")
        name = _MARKS[mark] if mark else encoding_called(encoding or "utf-8")
        decoder = codecs.getincrementaldecoder(name)()
        block, line, total = start[len(mark) :], 1, 0
        while True:
            total += len(block)
            if found and total > max(MOST_UNPACKED, _TIMES * path.stat().st_size):
                raise _bomb(path, total)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise _undecodable(path, name, error, line) from None
            line += text.count("\n")
            if text:
                yield text
            if not block:
                return
            block = _read(file, path)


def unpacked(path: Path, compression: Compression | None) -> IO[bytes]:
    """A file's bytes, decompressed as they are read."""
    match compression:
        case Compression.GZIP:
            return cast("IO[bytes]", gzip.open(path, "rb"))
        case Compression.BZIP2:
            return cast("IO[bytes]", bz2.open(path, "rb"))
        case Compression.ZSTD:
            import pyarrow as pa

            return cast("IO[bytes]", pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
        case Compression.ZIP:
            return _only_member(path)
    return path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    """The one file of an archive. Raises `EvaluationError` where it has none or several."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) == 1:
                return archive.open(names[0])
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise EvaluationError(f"{path} cannot be unpacked: {error}", code="MESH-C024") from error
    raise EvaluationError(
        f"{path} is an archive of {len(names):,} files: what is read as one table holds one",
        code="MESH-C022",
        fix=f"unpack {path.name}, and name the file",
    )


def as_utf8(path: Path, encoding: str | None, compression: str | None, spool: Spool) -> Path:
    """The file itself where a scan can read it, else a copy that is plain UTF-8."""
    plain = encoding is None or encoding_called(encoding) in ("utf-8", "ascii", "utf-8-sig")
    start = first_bytes(path, 4)
    marked = any(start.startswith(mark) for mark in _MARKS if _MARKS[mark] != "utf-8")
    if plain and not marked and compression_of(path, compression) is None:
        return path
    spool.say(f"decoding {path.name}")
    copy = spool.path(".csv")
    with copy.open("w", encoding="utf-8", newline="") as out:
        for text in texts(path, encoding, compression):
            out.write(text)
    return copy


def _read(file: IO[bytes], path: Path) -> bytes:
    try:
        return bytes(file.read(BLOCK))
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise EvaluationError(
            f"{path} cannot be decompressed: {error}",
            code="MESH-C024",
            fix="it was cut short or is damaged: bring it again",
        ) from error


def _bomb(path: Path, total: int) -> EvaluationError:
    return EvaluationError(
        f"{path} has {path.stat().st_size:,} bytes and unpacks to more than {total:,}: "
        "it may be made to fill a disk",
        code="MESH-C024",
        fix=f"unpack it yourself if you trust it, and name what came of it instead of {path.name}",
    )


def _undecodable(
    path: Path, encoding: str, error: UnicodeDecodeError, line: int
) -> EvaluationError:
    before = error.object[: error.start].count(b"\n")
    byte = error.object[error.start]
    if b"\0" in error.object:
        told = f"{path} is binary: what is read as CSV or JSON is text"
        return EvaluationError(told, code="MESH-C024", fix=f"file {shlex.quote(str(path))}")
    return EvaluationError(
        f"{path} is not {encoding}: byte 0x{byte:02x} cannot stand here",
        code="MESH-C024",
        where=f"{path}:{line + before}",
        fix="say in the contract's server what it is written in, such as `encoding: ISO-8859-1`, "
        f"or: iconv -f ISO-8859-1 -t UTF-8 {shlex.quote(path.name)}",
    )
