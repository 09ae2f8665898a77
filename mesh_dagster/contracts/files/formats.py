"""Which format data is written in: as somebody says, by its name, else by its first bytes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import EvaluationError, UsageError


class Format(StrEnum):
    """What `mesh contract test` reads."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    DELTA = "delta"
    ICEBERG = "iceberg"
    DUCKDB = "duckdb"


class Compression(StrEnum):
    """How a text file is compressed."""

    GZIP = "gz"
    ZSTD = "zst"
    BZIP2 = "bz2"
    ZIP = "zip"


_CALLED = {
    "csv": Format.CSV,
    "tsv": Format.CSV,
    "psv": Format.CSV,
    "txt": Format.CSV,
    "json": Format.JSON,
    "jsonl": Format.JSON,
    "ndjson": Format.JSON,
    "parquet": Format.PARQUET,
    "pq": Format.PARQUET,
    "parq": Format.PARQUET,
    "delta": Format.DELTA,
    "iceberg": Format.ICEBERG,
    "duckdb": Format.DUCKDB,
    "ddb": Format.DUCKDB,
    "db": Format.DUCKDB,
}
DATA = frozenset(_CALLED)
"""What formats of data are called, and the ends of their files' names."""

_COMPRESSED = {
    "gz": Compression.GZIP,
    "gzip": Compression.GZIP,
    "zst": Compression.ZSTD,
    "zstd": Compression.ZSTD,
    "bz2": Compression.BZIP2,
    "zip": Compression.ZIP,
}
_MAGIC = {
    b"\x1f\x8b": Compression.GZIP,
    b"\x28\xb5\x2f\xfd": Compression.ZSTD,
    b"BZh": Compression.BZIP2,
    b"PK\x03\x04": Compression.ZIP,
}
_PARQUET = (b"PAR1", b"PARE")
_DUCKDB = b"DUCK"
FIRST_BYTES = 4096


def format_called(name: str) -> Format:
    """The format that a contract's server names. Raises `UsageError` for others."""
    found = _CALLED.get(name.lower().lstrip("."))
    if found is None:
        known = [str(each) for each in Format]
        raise UsageError(
            f"{name!r} is no format that can be read{did_you_mean(name, known)}", code="MESH-C022"
        )
    return found


def format_of(path: Path) -> Format:
    """The format of a file or a table's folder, by what it is called, else by what is in it."""
    if path.is_dir():
        found = table_format(path)
        if found is None:
            raise UsageError(f"{path} is a folder of files, not one table", code="MESH-C022")
        return found
    return format_named(path) or _by_content(first_bytes(path))


def format_named(path: Path) -> Format | None:
    """The format that the end of a file's name says, if it says one."""
    if path.name.endswith(".metadata.json"):
        return Format.ICEBERG
    for suffix in reversed(path.suffixes):
        word = suffix[1:].lower()
        if word not in _COMPRESSED:
            return _CALLED.get(word)
    return None


def is_data(path: Path) -> bool:
    """Whether a file of a folder is data, by its name: `_SUCCESS` and hidden files are not."""
    if path.name.startswith(("_", ".")):
        return False
    words = [suffix[1:].lower() for suffix in path.suffixes]
    while words and words[-1] in _COMPRESSED:
        words.pop()
    return bool(words) and words[-1] in _CALLED


def table_format(folder: Path) -> Format | None:
    """Delta or Iceberg where a folder is such a table; None for a folder of files."""
    if (folder / "_delta_log").is_dir():
        return Format.DELTA
    if any(folder.glob("metadata/*.metadata.json")) or any(folder.glob("*.metadata.json")):
        return Format.ICEBERG
    return None


def compression_of(path: Path, stated: str | None = None) -> Compression | None:
    """How a file is compressed: what is in it decides, whatever it is called."""
    start = first_bytes(path)
    for magic, compression in _MAGIC.items():
        if start.startswith(magic):
            return compression
    named = _COMPRESSED.get((stated or path.suffix[1:]).lower())
    if named is not None and start:
        raise EvaluationError(
            f"{path} is called {named} and is not compressed so: it begins with {start[:4]!r}",
            code="MESH-C022",
            fix="write it again, or name it by what it is",
        )
    return None


def first_bytes(path: Path, count: int = FIRST_BYTES) -> bytes:
    """The beginning of a file. Raises `EvaluationError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise EvaluationError(
            f"{path} cannot be read: {error.strerror or error}", code="MESH-C021"
        ) from error


def demand(path: Path, format_: Format) -> None:
    """Refuse a file that is plainly of another format. Raises `EvaluationError`."""
    start = first_bytes(path)
    if not start:
        raise EvaluationError(
            f"{path} is empty: it has not one byte",
            code="MESH-C023",
            fix="a table without rows has a header (csv), a footer (parquet) or is [] (json)",
        )
    found = _by_content(start)
    binary = {Format.PARQUET, Format.DUCKDB}
    if found is not format_ and (format_ in binary or found in binary):
        seen = f"it is {found}" if found in binary else f"it begins with {start[:8]!r}"
        raise EvaluationError(
            f"{path} is read as {format_} and is none: {seen}",
            code="MESH-C022",
            fix="name the file, or the server's format, by what it is",
        )


def _by_content(start: bytes) -> Format:
    if start.startswith(_PARQUET):
        return Format.PARQUET
    if start[8:12] == _DUCKDB:
        return Format.DUCKDB
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return Format.JSON if text[:1] in (b"{", b"[") else Format.CSV
