"""The servers of a contract: where its data lies, and how its files are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract

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
            value = self.settings.get(key, kept_value(self.settings, key))
            if isinstance(value, str) and value:
                return value
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A setting that is a list of texts."""
        listed = self.settings.get(key, kept_value(self.settings, key))
        return tuple(map(str, listed)) if isinstance(listed, list | tuple) else ()

    def flag(self, key: str) -> bool | None:
        value = self.settings.get(key, kept_value(self.settings, key))
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return value if isinstance(value, bool) else None

    @property
    def place(self) -> str | None:
        """Where its data lies, as the contract writes it; a database of DuckDB is a file."""
        return self.text("path", "location", *(["database"] if self.format == "duckdb" else []))

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
