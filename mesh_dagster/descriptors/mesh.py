"""mesh.yaml -> `MeshConfig`, and where it is."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mesh_dagster import clock
from mesh_dagster.descriptors.own import check_schema_version
from mesh_dagster.descriptors.shape import INTEGER, TEXT, ListOf, Shape
from mesh_dagster.descriptors.source import Map, Source, in_order, shown, shown_path
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.errors import NotInMesh
from mesh_dagster.model.domain import MeshConfig, Replay
from mesh_dagster.model.finding import Finding, Severity

FILE = "mesh.yaml"
VARIABLE = "MESH_CONFIG"
EMBEDDED = "sqlite"
"""The journal of a mesh on one machine: a file per domain."""

DOMAINS = ("domains/*/src/*",)
_SHAPE = Shape(
    {
        "schemaVersion": INTEGER,
        "name": TEXT,
        "storage": TEXT,
        "registry": TEXT,
        "journal": TEXT,
        "domains": ListOf(TEXT),
        "replay": Shape({"now": TEXT, "since": TEXT}, required=("now",)),
    },
    required=("name", "storage"),
    unknown=Severity.WARNING,
)


def find_mesh(start: Path | None = None) -> Path:
    """The mesh.yaml that holds: the one of MESH_CONFIG, else the nearest from a folder upwards.

    Raises `NotInMesh`, naming every place that was looked at.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _named(named)
    folder = (start or Path.cwd()).resolve()
    for each in (folder, *folder.parents):
        if (each / FILE).is_file():
            return each / FILE
    raise NotInMesh(
        f"there is no {FILE} in {folder} or in any folder above it, and {VARIABLE} is not set",
        fix=f"cd into a mesh, or export {VARIABLE}=/path/to/{FILE}",
    )


def _named(named: str) -> Path:
    fix = f"export {VARIABLE}=/path/to/{FILE}"
    if "://" in named:
        raise NotInMesh(f"{VARIABLE} is {named!r}; {FILE} is read from a file path only", fix=fix)
    path = Path(named).resolve()
    path = path / FILE if path.is_dir() else path
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
    data = read_file(path, source)
    if data is None:
        return None
    _SHAPE.check(data, source)
    check_schema_version(data, source)
    folder = path.parent
    storage = _place(data.get("storage", ""), folder)
    _check_journal(data, source)
    _check_domains(data, source)
    return MeshConfig(
        name=data.get("name", ""),
        file=path,
        storage=storage,
        registry=_place(data["registry"], folder) if "registry" in data else f"{storage}/_registry",
        journal=data.get("journal", EMBEDDED),
        domains=tuple(data.get("domains", DOMAINS)),
        replay=_replay(data, source),
    )


def _place(text: str, folder: Path) -> str:
    """A URL as it is; a path made absolute from the folder of mesh.yaml."""
    if "://" in text:
        return text.rstrip("/")
    return os.path.normpath(folder / Path(text).expanduser())


def _check_journal(data: Map, source: Source) -> None:
    journal = data.get("journal", EMBEDDED)
    if journal != EMBEDDED and "://" not in journal:
        message = f"`journal` is {shown(journal)}, expected sqlite or a database's URL"
        fix = "journal: postgresql+psycopg://user@host/mesh?options=-csearch_path={domain}"
        source.report("MESH-D010", message, data.line_of("journal"), fix=fix)


def _check_domains(data: Map, source: Source) -> None:
    for each in data.get("domains", ()):
        if each.startswith("/") or ".." in each.split("/"):
            message = f"`domains` has {shown(each)}, expected a pattern below the mesh's folder"
            source.report("MESH-D025", message, data.line_of("domains"))


def _replay(data: Map, source: Source) -> Replay | None:
    stated = data.get("replay")
    if not stated:
        return None
    now = _moment(stated, "now", source)
    return Replay(now, _moment(stated, "since", source)) if now else None


def _moment(stated: Map, key: str, source: Source) -> datetime | None:
    text = stated.get(key)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"`{key}` is {shown(text)}, expected an ISO 8601 moment"
        fix = f"{key}: 2013-11-08T12:00:00Z"
        source.report("MESH-D008", message, stated.line_of(key), fix=fix)
        return None
    return clock.in_utc(moment)
