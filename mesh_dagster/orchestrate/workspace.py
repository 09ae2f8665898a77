"""workspace.yaml: the code locations of a mesh, all of them or one alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError

WORKSPACE = "workspace.yaml"


def workspace(root: Path) -> Path:
    """The workspace of the mesh whose mesh.yaml lies in `root`. Raises `UsageError`."""
    path = root / WORKSPACE
    if not path.is_file():
        raise UsageError(
            f"there is no {WORKSPACE} beside mesh.yaml, so Dagster has nothing to load",
            code="MESH-M061",
            where=str(root),
            fix="write one, with a python_module for each domain: docs/reference/yaml.md",
        )
    return path


def locations(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of a workspace by their location's name, with paths made absolute."""
    entries = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("load_from") or []
    found = {}
    for entry in entries:
        for kind, location in entry.items():
            absolute = dict(location)
            for key in ("working_directory", "relative_path"):
                if key in absolute:
                    absolute[key] = str((path.parent / absolute[key]).resolve())
            found[str(location.get("location_name") or location)] = {kind: absolute}
    return found


def alone(root: Path, domain: str, state: Path) -> Path:
    """A workspace of one domain, written below the mesh's local state. Raises `UsageError`."""
    known = locations(workspace(root))
    if domain not in known:
        raise UsageError(
            f"no code location is named {domain!r}{did_you_mean(domain, known)}",
            code="MESH-M061",
            where=str(root / WORKSPACE),
            fix=f"mesh dev with one of: {', '.join(known)}",
        )
    return _written(state / "workspaces" / f"{domain}.yaml", known[domain])


def _written(path: Path, entry: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"load_from": [dict(entry)]}), encoding="utf-8")
    return path
