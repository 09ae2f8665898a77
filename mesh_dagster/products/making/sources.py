"""Reading what a `source` input port names: files of a system outside the mesh."""

from __future__ import annotations

import atexit
import glob
import shutil
import zipfile
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from zlib import crc32

from mesh_dagster import clock
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.wiring import SourceRef

if TYPE_CHECKING:
    import polars as pl


def scan_source(source: SourceRef, folder: Path, storage: str | None = None) -> pl.LazyFrame:
    """The rows of a source as a lazy frame.

    Raises `EvaluationError` when the file is not there, `UsageError` for a format that is not
    known and for a file that lies in the mesh's `storage` (a URL).
    """
    import polars as pl

    path = locate(source, folder, storage)
    data = data_file(source, folder, storage)
    match source.format:
        case "csv":
            separator = source.delimiter or ","
            how = _Csv(path, _stamp(path), source.null_values, separator)
            return pl.scan_csv(
                data,
                glob=False,
                null_values=list(source.null_values),
                separator=separator,
                schema=_inferred(how),
            )
        case "ndjson":
            # It has no `glob=False`, so that a name is its own only when escaped.
            return pl.scan_ndjson(glob.escape(str(data)), infer_schema_length=None)
        case "parquet":
            return pl.scan_parquet(data, glob=False)
    raise UsageError(
        f"{path.name} has a format that no source is read in; there are csv, ndjson and parquet",
        code="MESH-M042",
        where=source.where,
        fix="name it: `format: csv`",
    )


@dataclass(frozen=True, slots=True)
class _Csv:
    """A state of a file of texts, and how it is read."""

    path: Path
    stamp: tuple[int, int]
    null_values: tuple[str, ...]
    separator: str


@lru_cache(maxsize=64)
def _inferred(how: _Csv) -> pl.Schema:
    """The columns and types that all rows agree with: Polars would look anew at each query."""
    import polars as pl

    return pl.scan_csv(
        _data(how.path),
        glob=False,
        null_values=list(how.null_values),
        separator=how.separator,
        infer_schema_length=None,
    ).collect_schema()


def data_file(source: SourceRef, folder: Path, storage: str | None = None) -> Path:
    """The file that is read of a source: itself, or what its archive holds.

    Raises what `scan_source` raises.
    """
    return _data(locate(source, folder, storage))


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def locate(source: SourceRef, folder: Path, storage: str | None = None) -> Path:
    """Where the file of a source lies: in an installed package, or from the product's folder.

    Raises what `scan_source` raises.
    """
    path = (_package(source) if source.package else folder) / source.path
    if storage is not None:
        _check_outside(path, storage, source)
    if not path.is_file():
        raise EvaluationError(
            f"the source file {path} does not exist",
            code="MESH-M042",
            where=source.where,
            fix="put the file there, or correct `path`",
        )
    return path


def _check_outside(path: Path, storage: str, source: SourceRef) -> None:
    """What the mesh keeps is read through ports only: staged data lies there beside published."""
    kept = Path(storage.removeprefix("file://")).resolve()
    if "://" in storage.removeprefix("file://") or not path.resolve().is_relative_to(kept):
        return
    owner = "/".join(path.resolve().relative_to(kept).parts[:3])
    raise UsageError(
        f"the source file {path} lies in the storage of the mesh, {kept}",
        code="MESH-M042",
        where=source.where,
        fix=f"declare the product as an input port: contractId: mesh://{owner}",
    )


def _package(source: SourceRef) -> Path:
    # The package is found and not imported: that of the reference mesh does not import.
    spec = find_spec(source.package or "")
    if spec is None or not spec.submodule_search_locations:
        raise EvaluationError(
            f"the source is a file of the package {source.package}, which is not installed",
            code="MESH-M042",
            where=source.where,
            fix=f"pip install {source.package}",
        )
    return Path(spec.submodule_search_locations[0])


def _data(path: Path) -> Path:
    return _unzipped(path, _stamp(path)) if path.suffix == ".zip" else path


@lru_cache(maxsize=64)
def _unzipped(path: Path, stamp: tuple[int, int]) -> Path:
    """The file in an archive, unpacked for as long as this process lives."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise EvaluationError(
                f"{path} holds {len(names)} files; an archive that is a source holds one",
                code="MESH-M042",
                fix=f"unpack {path.name} and name the file",
            )
        folder = _unpacked() / f"{crc32(str(path).encode()):08x}-{stamp[0]}-{stamp[1]}"
        with archive.open(names[0]) as packed:
            folder.mkdir(exist_ok=True)
            draft = folder / f"{clock.new_id()}.draft"
            with draft.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
        return draft.rename(folder / "data")


@cache
def _unpacked() -> Path:
    """A folder that goes when the process ends."""
    folder = Path(mkdtemp(prefix="mesh-source-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
