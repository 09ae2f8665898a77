"""Where the servers of a contract have its data, on this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mesh_dagster.contracts.rules.servers import Server
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.contract import SchemaObject

_PLACEHOLDERS = ("model", "schema", "object", "table")


def places_of(server: Server, table: SchemaObject, folder: Path) -> tuple[str, ...]:
    """Where the server says that a table's data lies, relative to the contract's folder.

    More than one place where a placeholder stands for a table with two names; the first that
    exists is meant. Raises `EvaluationError` for a place that is not on this machine.
    """
    place = server.place
    if place is None:
        raise UsageError(
            f"the server {server.name!r} ({server.type}) has no files: it says neither path nor "
            "location",
            code="MESH-C020",
            fix="give the data itself: --data PATH",
        )
    names = reversed(table.names)
    return tuple(dict.fromkeys(_local(_filled(place, name), server, folder) for name in names))


def is_per_table(server: Server) -> bool:
    """Whether its place names the table, so that each table has files of its own."""
    place = server.place or ""
    return any("{" + word + "}" in place for word in _PLACEHOLDERS)


def _filled(place: str, name: str) -> str:
    for word in _PLACEHOLDERS:
        place = place.replace("{" + word + "}", name)
    return place


def _local(place: str, server: Server, folder: Path) -> str:
    scheme = urlsplit(place).scheme if "://" in place else ""
    if scheme == "file":
        return unquote(urlsplit(place).path)
    if scheme:
        raise EvaluationError(
            f"the data of server {server.name!r} lies at {place}, which is not on this machine",
            code="MESH-C021",
            fix="bring it here, and say where: --data PATH",
        )
    return str(folder / place)
