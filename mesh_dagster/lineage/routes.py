"""Where the lineage of a domain goes: what mesh.yaml and domain.yaml say together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_dagster import plugins
from mesh_dagster.descriptors.lineage import DOOR
from mesh_dagster.descriptors.plugged import UNSET, filled, variables
from mesh_dagster.descriptors.secrets import hidden
from mesh_dagster.model.domain import Domain, MeshConfig
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.run_event import LINEAGE_KEPT, LineageSettings

if TYPE_CHECKING:
    from mesh_dagster.lineage.sink import Sink

NAMESPACE = "mesh://{domain}"
_PLACE = "{domain}"
_YEAR = 366 * 86_400.0
"""Seconds; nobody who says more means it."""


class Routes:
    """The sinks of a domain and how patient it is with them; the domain's word goes first."""

    def __init__(self, config: MeshConfig, domain: Domain) -> None:
        nothing = LineageSettings()
        of_mesh, own = config.lineage or nothing, domain.lineage or nothing
        self.domain, self._root = domain.name, config.root
        self._channels = {each.name: each for part in (of_mesh, own) for each in part.sinks}
        self._template = of_mesh.namespace or NAMESPACE
        self._own_namespace = own.namespace
        self.keep = min(_first(own.keep, of_mesh.keep, LINEAGE_KEPT), 100 * _YEAR)
        self.timeout = min(max(_first(own.timeout, of_mesh.timeout, 30.0), 0.05), _YEAR)
        """Seconds that one try may take, whatever a sink thinks of it."""
        self.first = min(_first(own.first, of_mesh.first, 5.0), _YEAR)
        self.longest = max(min(_first(own.longest, of_mesh.longest, 600.0), _YEAR), self.first)
        self.internal_assets = bool(own.internal_assets)
        """Whether assets that are no port's are told of, too."""
        self._secrets: dict[str, tuple[str, ...]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sinks."""
        return tuple(self._channels)

    @property
    def kept(self) -> bool:
        """Whether events are recorded at all."""
        return self.keep > 0

    def namespace(self, domain: str) -> str:
        """The namespace of a domain's jobs and datasets. Of others mesh.yaml alone tells it."""
        own = self._own_namespace if domain == self.domain else None
        return (own or self._template).replace(_PLACE, domain)

    def open(self, name: str) -> Sink:
        """A sink, made with its settings. Raises what its plugin does, and `UsageError`."""
        channel = self._channels[name]
        settings, self._secrets[name] = filled(channel, "sink")
        made: Any = {key: self._placed(key, value) for key, value in settings.items()}
        sink: Sink = plugins.load(DOOR, channel.type)(**made)
        return sink

    def without_secrets(self, name: str, text: str) -> str:
        """A text without what the environment holds for a sink."""
        return hidden(text, self._secrets.get(name, ()))

    def unset(self) -> Iterator[Finding]:
        """Variables that sinks need and this environment lacks."""
        for name, channel in self._channels.items():
            for variable in variables(channel):
                if not os.environ.get(variable):
                    yield Finding(
                        UNSET,
                        f"the sink `{name}` needs {variable}, which this environment lacks",
                        subject=self.domain,
                        where=channel.where,
                        fix=f"export {variable}=...",
                    )

    def _placed(self, key: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = value.replace(_PLACE, self.domain)
        # A path is meant from the folder of mesh.yaml, wherever the process that sends was started.
        return str(self._root / Path(text).expanduser()) if key == "path" else text


def _first(*found: float | None) -> float:
    return next(each for each in found if each is not None)
