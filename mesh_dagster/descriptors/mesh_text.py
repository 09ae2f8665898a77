"""The text of a mesh.yaml -> `MeshConfig`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from mesh_dagster import clock
from mesh_dagster.descriptors import lifecycle, lineage, notifications, policies
from mesh_dagster.descriptors.masks import masks_from
from mesh_dagster.descriptors.own import check_schema_version
from mesh_dagster.descriptors.shape import INTEGER, TEXT, ListOf, Open, Shape
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.model.domain import ANY_IDENTITY, EMBEDDED, MeshConfig, Replay
from mesh_dagster.model.finding import Severity

DOMAINS = ("domains/*/src/*",)
_SHAPE = Shape(
    {
        "schemaVersion": INTEGER,
        "name": TEXT,
        "storage": TEXT,
        "registry": TEXT,
        "journal": TEXT,
        "domains": ListOf(TEXT),
        "notifications": notifications.SHAPE,
        "lineage": lineage.SHAPE,
        "replay": Shape({"now": TEXT, "since": TEXT}, required=("now",)),
        "access": Shape({"masks": Open(), "maskKey": TEXT}, unknown=Severity.WARNING),
        "policies": policies.SHAPE,
        "governance": policies.GOVERNANCE,
        "lifecycle": lifecycle.SHAPE,
        "reviews": Shape({"identity": ListOf(TEXT)}, unknown=Severity.WARNING),
    },
    required=("name", "storage"),
    unknown=Severity.WARNING,
)


def parsed_mesh(path: Path, source: Source) -> MeshConfig | None:
    """What a file says; it is good only if `source` has no error."""
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
        notifications=notifications.notifications_from(data, source),
        lineage=lineage.lineage_from(data, source),
        policies=policies.policies_from(data, source),
        governance=policies.governance_from(data),
        lifecycle=lifecycle.lifecycle_from(data, source),
        identities=tuple(data.get("reviews", {}).get("identity", ANY_IDENTITY)),
        masks=masks_from(data.get("access", Map()), source),
        mask_key=data.get("access", {}).get("maskKey"),
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
