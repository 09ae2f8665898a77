"""The servers of a contract: where its data lies, and how its files are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.contract import Contract, SchemaObject

_PLACES = ("path", "location", "database")
_PLACEHOLDERS = ("model", "schema", "object", "table")
_RECORDS = {"new_line", "newline", "array"}
"""What `delimiter` says of JSON; in a CSV's server it is a character."""


@dataclass(frozen=True, slots=True)
class Server:
    """One entry of `servers`; a key that means nothing here stays in `settings`."""

    name: str
    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def text(self, *keys: str) -> str | None:
        """The first of some settings that is a text; customProperties count as settings."""
        for key in keys:
            value = self.settings.get(key, self._custom(key))
            if isinstance(value, str) and value:
                return value
        return None

    def flag(self, key: str) -> bool | None:
        value = self.settings.get(key, self._custom(key))
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return value if isinstance(value, bool) else None

    def _custom(self, key: str) -> Any:
        listed = self.settings.get("customProperties")
        for each in listed if isinstance(listed, Sequence) else ():
            if isinstance(each, Mapping) and each.get("property") == key:
                return each.get("value")
        return None

    @property
    def place(self) -> str | None:
        """Where its data lies, as the contract writes it."""
        return self.text(*_PLACES)

    @property
    def format(self) -> str | None:
        if self.type.lower() == "duckdb":
            return "duckdb"
        stated = self.text("format")
        return stated.lower() if stated else None

    @property
    def delimiter(self) -> str | None:
        """The character between the fields of a CSV."""
        stated = self.text("delimiter", "separator")
        if stated is None or stated in _RECORDS:
            return None
        return {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(
            stated.lower(), stated
        )


def servers(contract: Contract) -> tuple[Server, ...]:
    """The servers that a contract describes, in its order."""
    listed = contract.rest.get("servers") or ()
    return tuple(
        Server(str(each.get("server") or each.get("name") or ""), str(each.get("type") or ""), each)
        for each in listed
        if isinstance(each, Mapping)
    )


def server_named(contract: Contract, name: str) -> Server:
    """The server of a name. Raises `UsageError` naming those there are."""
    known = servers(contract)
    for each in known:
        if each.name == name:
            return each
    names = [each.name for each in known]
    raise UsageError(
        f"the contract has no server {name!r}{did_you_mean(name, names)}",
        code="MESH-C020",
        where=contract.where,
    )


def place_of(server: Server, table: SchemaObject, folder: Path) -> tuple[str, ...]:
    """Where the server says that a table's data lies, relative to the contract's folder.

    More than one place where a placeholder stands for a table with two names; the first that
    exists is meant. Raises `EvaluationError` for a place that is not on this machine.
    """
    place = server.place
    if place is None:
        raise UsageError(
            f"the server {server.name!r} says neither path, location nor database",
            code="MESH-C020",
            fix="give the data itself: --data PATH",
        )
    names = dict.fromkeys((str(table.rest.get("physicalName") or table.name), table.name))
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
