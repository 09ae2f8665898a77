"""Reading what a `source` input port names: files of a system outside the mesh."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.wiring import SourceRef

if TYPE_CHECKING:
    import polars as pl


def scan_source(source: SourceRef, folder: Path) -> pl.LazyFrame:
    """The rows of a source as a lazy frame.

    Raises `EvaluationError` when the file is not there, `UsageError` for a format that is not
    known.
    """
    import polars as pl

    path = locate(source, folder)
    data = _unzipped(path) if path.suffix == ".zip" else path
    match source.format:
        case "csv":
            return pl.scan_csv(
                data,
                null_values=list(source.null_values),
                separator=source.delimiter or ",",
                infer_schema_length=None,
            )
        case "ndjson":
            return pl.scan_ndjson(data, infer_schema_length=None)
        case "parquet":
            return pl.scan_parquet(data)
    raise UsageError(
        f"{path.name} has a format that no source is read in; there are csv, ndjson and parquet",
        code="MESH-M042",
        where=source.where,
        fix="name it: `format: csv`",
    )


def locate(source: SourceRef, folder: Path) -> Path:
    """Where the file of a source lies: in an installed package, or from the product's folder."""
    path = (_package(source) if source.package else folder) / source.path
    if not path.is_file():
        raise EvaluationError(
            f"the source file {path} does not exist",
            code="MESH-M042",
            where=source.where,
            fix="put the file there, or correct `path`",
        )
    return path


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


def _unzipped(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise EvaluationError(
                f"{path} holds {len(names)} files; an archive that is a source holds one",
                code="MESH-M042",
                fix=f"unpack {path.name} and name the file",
            )
        return archive.read(names[0])
