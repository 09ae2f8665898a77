"""The pandera schema in a Python file of the user's own -> a contract."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.imported import Imported, unusable
from mesh_dagster.contracts.exchange.pandera.reading import contract_from
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import MeshError, UsageError


def import_pandera(path: Path, name: str) -> Imported:
    """The schema of that name in a Python file, which is run; without a name the only one.

    Raises `UsageError` where there is none.
    """
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
