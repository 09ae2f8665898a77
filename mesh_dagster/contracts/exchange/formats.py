"""The formats that contracts come from and go to, each imported when it is asked for."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.exported import Exported, table_of
from mesh_dagster.contracts.exchange.imported import Imported, unusable
from mesh_dagster.contracts.files.formats import DATA
from mesh_dagster.descriptors import odcs
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.contract import Contract

IMPORTS = ("parquet", "arrow", "dbt", "jsonschema", "iceberg", "pandera", "dcs")
EXPORTS = ("pandera", "dbt", "iceberg", "jsonschema", "markdown")


def import_contract(format_: str, place: str) -> Imported:
    """The contract that a file of another format states.

    `place` is a path; of pandera `module.py::schema`, whose code is run. Raises `UsageError`
    for an unknown format, a file that is not there or states no contract, and `DescriptorError`.
    """
    reader = _reader(format_, place)
    file, _, name = place.partition("::") if format_ == "pandera" else (place, "", "")
    path = Path(file)
    if "\0" in file or not path.is_file():
        raise UsageError(f"there is no file {shown_path(path)!r}", code="MESH-C051")
    return reader(path, name) if format_ == "pandera" else reader(path)


def export_contract(
    format_: str, contract: Contract, *, table: str | None = None, backend: str = "polars"
) -> Exported:
    """A contract in another format, one of its tables where that holds one only.

    `backend` is pandera's. Raises `UsageError` for an unknown format or table,
    and for a contract that the format cannot hold at all.
    """
    if format_ not in EXPORTS:
        raise _unknown(format_, EXPORTS)
    if format_ in ("dbt", "markdown"):
        tables = contract.schema if table is None else (table_of(contract, table),)
        if not tables:
            table_of(contract, None)
        if format_ == "dbt":
            from mesh_dagster.contracts.exchange.dbt_out import export_dbt

            return export_dbt(contract, tables)
        from mesh_dagster.contracts.exchange.markdown import export_markdown

        return export_markdown(contract, tables)
    one = table_of(contract, table)
    if format_ == "pandera":
        from mesh_dagster.contracts.exchange.pandera.source import export_pandera

        return export_pandera(contract, one, backend)
    if format_ == "iceberg":
        from mesh_dagster.contracts.exchange.iceberg import export_iceberg

        return export_iceberg(contract, one)
    from mesh_dagster.contracts.exchange.json_schema_out import export_json_schema

    return export_json_schema(contract, one)


def _reader(format_: str, place: str) -> Callable[..., Imported]:
    if format_ not in IMPORTS and format_.lower() in DATA:
        raise UsageError(
            f"{format_} states no schema to import: a contract is inferred from its data",
            code="MESH-C051",
            fix=f"mesh contract infer {shlex.quote(place)}",
        )
    if format_ not in IMPORTS:
        raise _unknown(format_, IMPORTS)
    if format_ in ("parquet", "arrow"):
        from mesh_dagster.contracts.exchange.arrow import import_arrow

        return import_arrow
    if format_ == "dbt":
        from mesh_dagster.contracts.exchange.dbt import import_dbt

        return import_dbt
    if format_ == "iceberg":
        from mesh_dagster.contracts.exchange.iceberg import import_iceberg

        return import_iceberg
    if format_ == "jsonschema":
        from mesh_dagster.contracts.exchange.json_schema import import_json_schema

        return import_json_schema
    return _import_pandera if format_ == "pandera" else _import_dcs


def _unknown(format_: str, known: tuple[str, ...]) -> UsageError:
    return UsageError(f"no format is named {format_!r}{did_you_mean(format_, known)}")


def _import_dcs(path: Path) -> Imported:
    """A Data Contract Specification, as far as `mesh contract test` reads one."""
    from mesh_dagster.contracts.reading import read_contract

    read = read_contract(path)
    notes = tuple(finding.message for finding in read.findings)
    document = odcs.document_from_contract(read.contract)
    return Imported(document, notes, shown_path(path))


def _import_pandera(path: Path, name: str) -> Imported:
    """The schema of that name in a Python file, which is run; without a name the only one."""
    source = shown_path(path)
    found = _schemas(_run(path, source))
    if name:
        if name not in found:
            raise unusable(source, f"it has no pandera schema {name!r}{did_you_mean(name, found)}")
        return _contract_of(found[name], name)
    if len(found) != 1:
        listed = ", ".join(found) or "none"
        raise UsageError(
            f"{source} has {len(found)} pandera schemas ({listed}): say which",
            code="MESH-C051",
            fix=f"{source}::{next(iter(found), 'schema')}",
        )
    only = next(iter(found))
    return _contract_of(found[only], only)


def _contract_of(schema: Any, variable: str) -> Imported:
    """Of a schema without a name of its own the variable's is taken."""
    from mesh_dagster.contracts.exchange.pandera.reading import contract_from

    named = bool(getattr(schema, "name", None))
    return contract_from(schema, name=None if named else variable).imported


def _schemas(module: Any) -> dict[str, Any]:
    """The schemas and models that a module defines, by name."""
    found = {}
    for name, value in vars(module).items():
        kind = value if isinstance(value, type) else type(value)
        names = {each.__name__ for each in kind.__mro__ if each.__module__.startswith("pandera")}
        own = not kind.__module__.startswith("pandera") or not isinstance(value, type)
        if own and names & {"DataFrameSchema", "DataFrameModel"}:
            found[name] = value
    return found


def _run(path: Path, source: str) -> Any:
    """Run a file of the user's own, as `python` would: what is beside it can be imported."""
    spec = importlib.util.spec_from_file_location(f"mesh_imported_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise unusable(source, "it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.absolute()))
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except MeshError:
        raise
    except (Exception, SystemExit) as error:
        raise unusable(source, f"running it raised {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent.absolute()))
        sys.modules.pop(spec.name, None)
    return module
