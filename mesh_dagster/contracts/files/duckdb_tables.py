"""Tables of a DuckDB database: read where they are, and never written."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.files.formats import Format, demand
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.files.targets import target
from mesh_dagster.contracts.locked import locked
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import EvaluationError, first_line
from mesh_dagster.model.contract import Property, names_others
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.sql import literal, quoted
from mesh_dagster.ports.types import duckdb_type


def open_table(data: DataSet, spool: Spool) -> Opened:
    """A table or view of a database. Raises `EvaluationError` where it has no such table."""
    import duckdb

    if len(data.paths) > 1:
        names = ", ".join(map(str, data.paths))
        raise EvaluationError(
            f"{data.table.name} is given from {len(data.paths)} databases: {names}",
            code="MESH-C025",
        )
    path = data.paths[0]
    database = spool.once(f"duckdb {path.absolute()}", lambda: _database(path))
    try:
        schema, table = _find(database, data, path)
        place = f"{quoted(schema)}.{quoted(table)}"
        columns = database.execute(f"DESCRIBE {place}").fetchall()
        listed = ", ".join(_column(data, name, type_) for name, type_, *_ in columns)
        return Opened(database.sql(f"SELECT {listed} FROM {place}"))  # noqa: S608 (quoted)
    except duckdb.Error as error:
        raise EvaluationError(
            f"{data.table.name} of {path} cannot be read: {first_line(error)}", code="MESH-C024"
        ) from error


def tables_in(path: Path) -> list[str]:
    """The tables and views of a database, as `open_table` knows them."""
    with closing(_database(path)) as database:
        return [
            name if schema == "main" else f"{schema}.{name}" for schema, name in _known(database)
        ]


def _database(path: Path) -> Any:
    import duckdb

    demand(path, Format.DUCKDB)
    try:
        return locked(path)
    except duckdb.Error as error:
        raise EvaluationError(
            f"{path} cannot be opened: {first_line(error)}",
            code="MESH-C024",
            fix="it may be open elsewhere, or of another version of DuckDB",
        ) from error


def _known(database: Any) -> list[tuple[str, str]]:
    """Schemas and tables, those of the main one first."""
    found: list[tuple[str, str]] = database.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = current_database() ORDER BY table_schema <> 'main', 1, 2"
    ).fetchall()
    return found


def _find(database: Any, data: DataSet, path: Path) -> tuple[str, str]:
    """The schema and name of the table, as the database spells them."""
    known = _known(database)
    wanted = data.server.text("schema") if data.server else None
    for name in reversed(data.table.names):
        within, _, bare = name.rpartition(".")
        inside = (within or wanted or "").lower()
        for schema, table in known:
            if table.lower() in (bare.lower(), name.lower()) and inside in ("", schema.lower()):
                return schema, table
    where = f" in the schema {wanted}" if wanted else ""
    names = [table for schema, table in known if wanted in (None, schema)]
    raise EvaluationError(
        f"{path} has no table {data.table.name}{where}{did_you_mean(data.table.name, names)}",
        code="MESH-C021",
        where=data.table.where,
    )


def _column(data: DataSet, name: str, type_: str) -> str:
    """One column under the contract's spelling of its name; SQL knows no case."""
    declared = next(
        (each for each in data.table.properties if each.column.lower() == name.lower()), None
    )
    if names_others(name):
        raise EvaluationError(f"the column {name!r} is named like a pattern", code="MESH-C025")
    value = quoted(name)
    if type_ == "JSON" and declared is not None and (structure := _structure(declared)):
        value = f"json_transform({value}, {literal(structure)})"
    elif type_.startswith("ENUM(") and not _says_enum(declared):
        value = f"CAST({value} AS VARCHAR)"
    return f"{value} AS {quoted(declared.column if declared else name)}"


def _says_enum(declared: Property | None) -> bool:
    return declared is not None and (declared.physical_type or "").lower().startswith("enum")


def _structure(column: Property) -> str | None:
    """What a contract says is in a column of untyped JSON, as DuckDB unfolds it by."""
    if not (column.properties or column.items or column.value):
        return None
    fields = tuple(
        (each.column, target(each) or ColumnType(Kind.STRING)) for each in column.properties
    )
    type_ = target(column) or (ColumnType(Kind.STRUCT, fields=fields) if fields else None)
    return json.dumps(_shape(type_)) if type_ else None


def _shape(type_: ColumnType) -> Any:
    if type_.kind is Kind.STRUCT:
        return {name: _shape(kind) for name, kind in type_.fields}
    if type_.kind is Kind.LIST and type_.item:
        return [_shape(type_.item)]
    return duckdb_type(type_)
