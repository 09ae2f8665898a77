"""The data to infer from: files of one format, or one table of a DuckDB file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from mesh_dagster.contracts.files.duckdb_tables import tables_in
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.matching import DataSet, data_at
from mesh_dagster.contracts.files.open import Engine, open_data
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.descriptors.suggest import nearest
from mesh_dagster.errors import EvaluationError, MeshError, UsageError, first_line
from mesh_dagster.model.contract import SchemaObject

_PART = re.compile(r"[-_.]?(\d[\d_.T-]*|part|\*+)$")
_TEXTS = (Format.CSV, Format.JSON)


@dataclass(frozen=True, slots=True)
class Source:
    """Lazy rows, what they are called, and of which format of texts they are, if of one.

    `untyped` says of a column of JSON why it has no type.
    """

    rows: pl.LazyFrame
    name: str
    place: str
    texts: Format | None = None
    untyped: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def opened(place: str, table: str | None = None) -> Iterator[Source]:
    """The rows of a file, of all files that a pattern matches, or of a DuckDB table.

    Whatever reading them runs into is an `EvaluationError` that names the file. Raises
    `UsageError` for what is not there.
    """
    data = _data(place, table)
    with Spool() as spool:
        found = open_data(data, spool, Engine.POLARS)
        try:
            yield Source(
                found.data,
                data.table.name,
                place,
                data.format if data.format in _TEXTS else None,
                found.untyped,
            )
        except MeshError:
            raise
        except (pl.exceptions.PolarsError, OSError, UnicodeError, ValueError) as error:
            if found.diagnose:
                found.diagnose()
            told = f"{place} cannot be read as {data.format}: {first_line(error)}"
            raise EvaluationError(told, code="MESH-C024") from error


def _data(place: str, table: str | None) -> DataSet:
    data = data_at(place, SchemaObject(table or "table"))
    if data.format is Format.DUCKDB:
        name = table or _only_table(data.paths[0])
    elif table is not None:
        raise UsageError(
            f"{place} is one table already: --table is for a DuckDB file",
            code="MESH-C020",
            fix=f"mesh contract infer {place}",
        )
    else:
        path = data.paths[0]
        name = _PART.sub("", path.name.split(".")[0]) or path.stem
    data.table = SchemaObject(name)
    return data


def _only_table(path: Path) -> str:
    known = tables_in(path)
    if len(known) == 1:
        return known[0]
    if not known:
        raise EvaluationError(f"{path} has no table", code="MESH-C023")
    likely = nearest(path.name.split(".")[0], known) or known[0]
    raise UsageError(
        f"{path} has {len(known)} tables: {', '.join(known[:20])}",
        code="MESH-C020",
        fix=f"mesh contract infer {path} --table {likely}",
    )
