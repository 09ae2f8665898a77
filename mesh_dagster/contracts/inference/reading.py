"""The data to infer from: files of one format, or one table of a DuckDB file, opened lazily."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mesh_dagster.contracts.files.duckdb_tables import alone
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import EvaluationError, MeshError, UsageError, first_line
from mesh_dagster.ports.types import quoted

_FORMATS = {
    "parquet": "parquet",
    "pq": "parquet",
    "csv": "csv",
    "tsv": "csv",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "json": "json",
    "duckdb": "duckdb",
    "ddb": "duckdb",
}
_COMPRESSED = ("gz", "zst")
_MOST_JSON = 256 * 1024 * 1024
_BATCH = 100_000
_WILD = re.compile(r"[*?\[]")
_PART = re.compile(r"[-_.]?(\d[\d_.T-]*|part|\*+)$")


@dataclass(frozen=True, slots=True)
class Opened:
    """Lazy rows, what they are called, and whether their file knows no types."""

    rows: pl.LazyFrame
    name: str
    source: str
    texts: bool


def opened(place: str, table: str | None = None) -> Opened:
    """The rows of a file, of all files that a pattern matches, or of a DuckDB table.

    Raises `UsageError` for what is not there, `EvaluationError` for what cannot be read.
    """
    paths = _paths(place)
    format_ = _format(paths)
    if table is not None and format_ != "duckdb":
        raise UsageError(f"{place} is one table already: --table is for a DuckDB file")
    name = _PART.sub("", paths[0].name.split(".")[0]) or paths[0].stem
    try:
        if format_ == "duckdb":
            table = _table(paths, table)
            rows, name = _scan_duckdb(paths[0], table), table
        else:
            rows = _scan(paths, format_)
        rows.collect_schema()
    except MeshError:
        raise
    except Exception as error:
        raise _unreadable(place, format_, error) from error
    return Opened(rows, name, place, texts=format_ in ("csv", "json", "ndjson"))


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Whatever reading runs into, as an `EvaluationError` that names the place."""
    try:
        yield
    except MeshError:
        raise
    except (pl.exceptions.PolarsError, OSError, UnicodeError, ValueError) as error:
        raise _unreadable(place, "what its name says", error) from error


def _unreadable(place: str, format_: str, error: BaseException) -> EvaluationError:
    return EvaluationError(
        f"{place} cannot be read as {format_}: {first_line(error)}",
        code="MESH-C050",
        fix="look at the file; its format is told by the end of its name",
    )


def _paths(place: str) -> list[Path]:
    path = Path(place)
    if "\0" in place:
        raise UsageError(f"{place!r} is no path", code="MESH-C050")
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.is_file() and _named(each))
    elif _WILD.search(place):
        found = [Path(each) for each in sorted(glob.glob(place, recursive=True))]  # noqa: PTH207
        found = [each for each in found if each.is_file()]
    else:
        beside = path.parent.iterdir() if path.parent.is_dir() else ()
        near = did_you_mean(path.name, sorted(each.name for each in beside)[:1000])
        raise UsageError(f"there is no {shown_path(path)}{near}", code="MESH-C050")
    if not found:
        raise UsageError(f"no data file is at {place}", code="MESH-C050")
    return found


def _named(path: Path) -> str | None:
    parts = [part.lower() for part in path.name.split(".")[1:]]
    while parts and parts[-1] in _COMPRESSED:
        parts.pop()
    hidden = path.name.startswith(("_", "."))
    return _FORMATS.get(parts[-1]) if parts and not hidden else None


def _format(paths: Sequence[Path]) -> str:
    formats = {_named(path) for path in paths}
    known = ", ".join(sorted(set(_FORMATS)))
    if None in formats:
        path = next(path for path in paths if _named(path) is None)
        raise UsageError(
            f"{path} does not say its format: names end in one of {known}", code="MESH-C050"
        )
    if len(formats) > 1:
        found = ", ".join(sorted(map(str, formats)))
        raise UsageError(f"the files are of several formats: {found}", code="MESH-C050")
    return str(formats.pop())


def _scan(paths: Sequence[Path], format_: str) -> pl.LazyFrame:
    files = list(paths)
    if format_ == "parquet":
        return pl.scan_parquet(files, glob=False)
    if format_ == "csv":
        tabs = paths[0].name.lower().split(".")[1:2] == ["tsv"]
        separator = "\t" if tabs else ","
        return pl.scan_csv(files, infer_schema=False, separator=separator, glob=False)
    if format_ == "ndjson":
        return pl.scan_ndjson(files, infer_schema_length=100_000)
    return pl.concat([_read_json(path) for path in paths], how="diagonal_relaxed").lazy()


def _read_json(path: Path) -> pl.DataFrame:
    size = path.stat().st_size
    if size > _MOST_JSON:
        raise EvaluationError(
            f"{path} has {size:,} bytes; a JSON array is read whole, up to {_MOST_JSON:,}",
            code="MESH-C050",
            fix="write it as one record a line (.ndjson), or as Parquet",
        )
    return pl.read_json(path, infer_schema_length=None)


def _table(paths: Sequence[Path], table: str | None) -> str:
    """The table of a DuckDB file that is meant: the one named, or the only one."""
    if len(paths) > 1:
        raise UsageError("a table is in one DuckDB file, not in several", code="MESH-C050")
    with alone(paths[0]) as connection:
        found = connection.execute("SHOW TABLES").fetchall()
    names = [str(row[0]) for row in found]
    if table is None and len(names) == 1:
        return names[0]
    if table in names and table is not None:
        return table
    told = ", ".join(names) or "none"
    raise UsageError(f"say which table is meant with --table; there are: {told}", code="MESH-C050")


def _scan_duckdb(path: Path, table: str) -> pl.LazyFrame:
    """A table as lazy rows that are read in batches, each time they are asked for."""
    from polars.io.plugins import register_io_source

    def query(columns: Sequence[str] | None, limit: int | None) -> str:
        chosen = ", ".join(map(quoted, columns)) if columns else "*"
        end = "" if limit is None else f" LIMIT {int(limit)}"
        return f"SELECT {chosen} FROM {quoted(table)}{end}"  # noqa: S608 (names are quoted)

    def batches(
        columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        asked = query(columns, limit if predicate is None else None)
        with alone(path) as connection:
            for batch in connection.sql(asked).to_arrow_reader(size or _BATCH):
                frame = pl.DataFrame(pl.from_arrow(batch))
                yield frame if predicate is None else frame.filter(predicate)

    with alone(path) as connection:
        head = pl.DataFrame(pl.from_arrow(connection.sql(query(None, 0)).to_arrow_table()))
    return register_io_source(batches, schema=head.schema)
