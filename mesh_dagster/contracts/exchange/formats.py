"""The formats that contracts come from and go to, each imported when it is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.exported import Exported, table_of
from mesh_dagster.contracts.exchange.imported import Imported
from mesh_dagster.contracts.files.formats import DATA
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract

_READERS = {
    "parquet": "arrow:import_arrow",
    "arrow": "arrow:import_arrow",
    "dbt": "dbt.reading:import_dbt",
    "jsonschema": "json_schema.reading:import_json_schema",
    "iceberg": "iceberg:import_iceberg",
    "pandera": "pandera.file:import_pandera",
    "dcs": "dcs:import_dcs",
}
_WRITERS = {
    "pandera": "pandera.source:export_pandera",
    "dbt": "dbt.writing:export_dbt",
    "iceberg": "iceberg:export_iceberg",
    "jsonschema": "json_schema.writing:export_json_schema",
    "markdown": "markdown:export_markdown",
}
_OF_ALL_TABLES = {"dbt", "markdown"}
IMPORTS = tuple(_READERS)


def import_contract(format_: str, place: str) -> Imported:
    """The contract that a file of another format states.

    `place` is a path; of pandera `module.py::schema`, whose code is run. Raises `UsageError`
    for an unknown format, a file that is not there or states no contract, and `DescriptorError`.
    """
    if format_ not in _READERS and format_.lower() in DATA:
        raise UsageError(
            f"{format_} states no schema to import: a contract is inferred from its data",
            code="MESH-C051",
            fix=f"mesh contract infer {shlex.quote(place)}",
        )
    read = _function(format_, _READERS)
    file, _, name = place.partition("::") if format_ == "pandera" else (place, "", "")
    path = Path(file)
    if "\0" in file or not path.is_file():
        raise UsageError(f"there is no file {shown_path(path)!r}", code="MESH-C051")
    found: Imported = read(path, name) if format_ == "pandera" else read(path)
    return found


def export_contract(
    format_: str, contract: Contract, *, table: str | None = None, backend: str = "polars"
) -> Exported:
    """A contract in another format, one of its tables where that holds one only.

    `backend` is pandera's. Raises `UsageError` for an unknown format or table,
    and for a contract that the format cannot hold at all.
    """
    write = _function(format_, _WRITERS)
    whole = format_ in _OF_ALL_TABLES
    if whole and table is None and contract.schema:
        tables = contract.schema
    else:
        tables = (table_of(contract, table),)
    more = [backend] if format_ == "pandera" else []
    found: Exported = write(contract, tables if whole else tables[0], *more)
    return found


def _function(format_: str, known: Mapping[str, str]) -> Any:
    if format_ not in known:
        raise UsageError(f"no format is named {format_!r}{did_you_mean(format_, tuple(known))}")
    module, _, name = known[format_].partition(":")
    return getattr(import_module(f"mesh_dagster.contracts.exchange.{module}"), name)
