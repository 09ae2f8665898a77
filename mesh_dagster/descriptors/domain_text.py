"""The text of a domain.yaml -> `Domain`."""

from __future__ import annotations

from pathlib import Path

from mesh_dagster.descriptors import lineage, notifications, policies
from mesh_dagster.descriptors.files import DOMAIN
from mesh_dagster.descriptors.odps_shape import MEMBER
from mesh_dagster.descriptors.own import check_schema_version
from mesh_dagster.descriptors.shape import INTEGER, TEXT, ListOf, Shape
from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.model.address import is_name
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Severity

_SHAPE = Shape(
    {
        "schemaVersion": INTEGER,
        "name": TEXT,
        "description": TEXT,
        "team": TEXT,
        "contact": TEXT,
        "costCentre": TEXT,
        "region": TEXT,
        "members": ListOf(MEMBER),
        "notifications": notifications.SHAPE,
        "lineage": lineage.OF_DOMAIN,
        "policies": policies.SHAPE,
    },
    required=("name", "team"),
    unknown=Severity.WARNING,
)

_OF_THE_ENGINE = frozenset({"system", "temp", "memory", "information_schema", "pg_catalog"})
"""Catalogs and schemas that each connection of DuckDB has: in SQL they cannot be a domain."""


def parsed_domain(folder: Path, source: Source) -> Domain | None:
    """What the file of a folder says; it is good only if `source` has no error."""
    data = read_file(folder / DOMAIN, source)
    if data is None:
        return None
    _SHAPE.check(data, source)
    check_schema_version(data, source)
    name = data.get("name", "")
    source.subject = name[:100]
    if "name" in data and not is_name(name):
        message = (
            f"`name` is {shown(name)}; a domain's name is lower case, begins with a letter, and"
            " has its words joined by single underscores"
        )
        source.report("MESH-D014", message, data.line_of("name"))
    elif name in _OF_THE_ENGINE:
        message = f"`name` is {name}: in SQL that is one of DuckDB itself, and never a domain"
        source.report("MESH-D014", message, data.line_of("name"), fix=f"name: {name}_data")
    return Domain(
        name=name,
        folder=folder,
        team=data.get("team", ""),
        contact=data.get("contact"),
        cost_centre=data.get("costCentre"),
        region=data.get("region"),
        description=data.get("description"),
        notifications=notifications.notifications_from(data, source),
        lineage=lineage.lineage_from(data, source),
        policies=policies.policies_from(data, source),
        members=policies.members_from(data),
    )
