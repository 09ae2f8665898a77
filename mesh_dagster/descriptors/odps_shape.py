"""The keys of an ODPS 0.9/1.0 document, as its public JSON schema has them."""

from __future__ import annotations

from typing import Any

from mesh_dagster.descriptors.custom import CUSTOM
from mesh_dagster.descriptors.shape import TEXT, Choice, Kind, ListOf, Shape
from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.ownership import day_of
from mesh_dagster.model.product import Status


class _Day(Kind):
    """A date, or a moment. A text that is none is told, and kept: it still says that there is
    one."""

    def __init__(self, otherwise: str) -> None:
        self.otherwise = otherwise

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        if not TEXT.admits(value, key, line, source):
            return False
        if value and day_of(value) is None:
            message = f"`{key}` is {shown(value)}, expected a date: {self.otherwise}"
            fix = f'{key}: "2013-10-31"'
            source.report("MESH-D008", message, line, fix=fix, severity=Severity.WARNING)
        return True


TEXTS = ListOf(TEXT)
DEFINITIONS = ListOf(
    Shape({"type": TEXT, "url": TEXT, "description": TEXT, "id": TEXT}, required=("type", "url"))
)
COMMON = {"tags": TEXTS, "customProperties": CUSTOM, "authoritativeDefinitions": DEFINITIONS}
STATUS = Choice(tuple(Status))

DESCRIPTION = Shape(
    {
        "purpose": TEXT,
        "limitations": TEXT,
        "usage": TEXT,
        "authoritativeDefinitions": DEFINITIONS,
        "customProperties": CUSTOM,
    }
)
INPUT_PORT = Shape(
    {"name": TEXT, "version": TEXT, "contractId": TEXT, **COMMON},
    required=("name", "version", "contractId"),
)
OUTPUT_PORT = Shape(
    {
        "name": TEXT,
        "version": TEXT,
        "contractId": TEXT,
        "description": TEXT,
        "type": TEXT,
        "sbom": ListOf(Shape({"type": TEXT, "url": TEXT}, required=("url",))),
        "inputContracts": ListOf(Shape({"id": TEXT, "version": TEXT}, required=("id", "version"))),
        **COMMON,
    },
    required=("name", "version", "contractId"),
)
MANAGEMENT_PORT = Shape(
    {
        "name": TEXT,
        "content": TEXT,
        "type": TEXT,
        "url": TEXT,
        "channel": TEXT,
        "description": TEXT,
        **COMMON,
    },
    required=("name", "content"),
)
SUPPORT = Shape(
    {
        "channel": TEXT,
        "url": TEXT,
        "description": TEXT,
        "tool": TEXT,
        "scope": TEXT,
        "invitationUrl": TEXT,
        **COMMON,
    },
    required=("channel", "url"),
)
MEMBER = Shape(
    {
        "id": TEXT,
        "username": TEXT,
        "name": TEXT,
        "description": TEXT,
        "role": TEXT,
        "dateIn": _Day("it counts as none"),
        "dateOut": _Day("who has it counts as one who has left"),
        "replacedByUsername": TEXT,
        **COMMON,
    },
    required=("username",),
)
TEAM = Shape({"id": TEXT, "name": TEXT, "description": TEXT, "members": ListOf(MEMBER), **COMMON})
PRODUCT = Shape(
    {
        "apiVersion": TEXT,
        "kind": Choice(("DataProduct",)),
        "id": TEXT,
        "name": TEXT,
        "version": TEXT,
        "status": STATUS,
        "domain": TEXT,
        "tenant": TEXT,
        "description": DESCRIPTION,
        "inputPorts": ListOf(INPUT_PORT),
        "outputPorts": ListOf(OUTPUT_PORT),
        "managementPorts": ListOf(MANAGEMENT_PORT),
        "support": ListOf(SUPPORT),
        "team": TEAM,
        "productCreatedTs": TEXT,
        **COMMON,
    },
    required=("apiVersion", "kind", "id", "version", "status", "outputPorts"),
)
