"""mesh.yaml -> `MeshConfig`, and where it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mesh_dagster.descriptors.cache import remembered
from mesh_dagster.descriptors.files import MESH
from mesh_dagster.descriptors.source import Source, in_order, shown_path
from mesh_dagster.errors import NotInMesh
from mesh_dagster.model.domain import MeshConfig
from mesh_dagster.model.finding import Finding

VARIABLE = "MESH_CONFIG"


def find_mesh(start: Path | None = None) -> Path:
    """The mesh.yaml that holds: the one of MESH_CONFIG, else the nearest from a folder upwards.

    Raises `NotInMesh`, naming every place that was looked at.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _named(named)
    folder = (start or Path.cwd()).resolve()
    for each in (folder, *folder.parents):
        if (each / MESH).is_file():
            return each / MESH
    raise NotInMesh(
        f"there is no {MESH} in {folder} or in any folder above it, and {VARIABLE} is not set",
        fix=f"cd into a mesh, or export {VARIABLE}=/path/to/{MESH}",
    )


def _named(named: str) -> Path:
    fix = f"export {VARIABLE}=/path/to/{MESH}"
    if "://" in named:
        raise NotInMesh(f"{VARIABLE} is {named!r}; {MESH} is read from a file path only", fix=fix)
    path = Path(named).resolve()
    path = path / MESH if path.is_dir() else path
    if not path.is_file():
        raise NotInMesh(f"{VARIABLE} is {named!r}, and there is no such file", fix=fix)
    return path


def read_mesh(path: Path) -> MeshConfig:
    """The configuration in a mesh.yaml. Raises `DescriptorError` with all that is wrong."""
    source = Source(shown_path(path))
    config = mesh_from_file(path, source)
    source.refuse()
    assert config is not None, "no mesh and no error"  # noqa: S101
    return replace(config, warnings=in_order(source.findings))


def mesh_problems(path: Path) -> tuple[Finding, ...]:
    """All that is wrong with a mesh.yaml, warnings included."""
    source = Source(shown_path(path))
    mesh_from_file(path, source)
    return in_order(source.findings)


def mesh_from_file(path: Path, source: Source) -> MeshConfig | None:
    """The configuration in a file; it is good only if `source` has no error."""

    def parse() -> MeshConfig | None:
        from mesh_dagster.descriptors.mesh_text import parsed_mesh

        return parsed_mesh(path, source)

    return remembered("mesh", path, MeshConfig, source, parse)
