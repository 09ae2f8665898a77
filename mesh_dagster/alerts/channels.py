"""The channels that hold for a domain, opened with what the environment keeps secret."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mesh_dagster import plugins
from mesh_dagster.alerts.notifier import Notifier
from mesh_dagster.descriptors.notifications import DOOR
from mesh_dagster.descriptors.plugged import UNSET, filled, variables
from mesh_dagster.descriptors.secrets import hidden
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.domain import Domain, MeshConfig
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.notification import LOG, Channel, Notifications, Patience

UNKNOWN_CHANNEL = "MESH-D062"
LONGEST = 366 * 86_400.0
"""Seconds; nobody who says more means it."""

SILENCES = 3
"""How often in one try the other side may be silent for as long as its `timeout` says: while it
takes the connection, while it looks at who that is, and while it takes the message."""


class Channels:
    """What mesh.yaml and domain.yaml say together; the domain's word goes first.

    Without any the owners of a domain are told by the log.
    """

    def __init__(self, config: MeshConfig, domain: Domain) -> None:
        stated = (config.notifications or Notifications(), domain.notifications or Notifications())
        self.domain = domain
        self._channels = {LOG: Channel(LOG, LOG)}
        self._channels |= {each.name: each for part in stated for each in part.channels}
        patience = {**stated[0].patience, **stated[1].patience}
        self.patience = Patience(**{key: min(each, LONGEST) for key, each in patience.items()})
        said = [part for part in reversed(stated) if part.owners is not None]
        self._owners = said[0] if said else Notifications(owners=(LOG,))
        self._open: dict[str, Notifier] = {}
        self._secrets: dict[str, tuple[str, ...]] = {}

    @property
    def owners(self) -> tuple[str, ...]:
        """The names of the channels by which the domain's owners are told; never none."""
        known = [each for each in self._owners.owners or () if each in self._channels]
        return tuple(known) or (LOG,)

    def is_personal(self, name: str) -> bool:
        """Whether a channel wants an e-mail address. False where its plugin cannot be loaded."""
        try:
            return bool(plugins.load(DOOR, self._channels[name].type).PERSONAL)
        except MeshError:
            return False

    def open(self, name: str) -> Notifier:
        """The notifier of a channel, made once. Raises what its plugin does, and `UsageError`."""
        if name not in self._open:
            channel = self._channels.get(name)
            if channel is None:
                raise UsageError(f"there is no channel {name!r} any more", code=UNKNOWN_CHANNEL)
            settings, secrets = filled(channel, "channel")
            self._secrets[name] = secrets
            self._open[name] = plugins.load(DOOR, channel.type)(**settings)
        return self._open[name]

    def longest_try(self, name: str) -> float:
        """Seconds that one try by a channel may take, whatever its plugin thinks of it."""
        channel = self._channels.get(name)
        stated = channel.settings.get("timeout") if channel is not None else None
        silent = stated if isinstance(stated, int | float) else 0.0
        return max(self.patience.timeout, min(SILENCES * silent, LONGEST))

    @property
    def longest_of_all(self) -> float:
        """The same of the channel that may take longest."""
        return max(self.longest_try(name) for name in self._channels)

    def without_secrets(self, name: str, text: str) -> str:
        """A text without what the environment holds for a channel."""
        return hidden(text, self._secrets.get(name, ()))

    def findings(self) -> Iterator[Finding]:
        """Channels that are named and not there, and owners whom no channel reaches."""
        known = list(self._channels)
        for name in self._owners.owners or ():
            if name not in self._channels:
                message = f"`owners` names the channel `{name[:100]}`{did_you_mean(name, known)}"
                yield self._finding(UNKNOWN_CHANNEL, message, self._owners.where)
            elif self.is_personal(name) and "@" not in (self.domain.contact or ""):
                message = (
                    f"the channel `{name}` sends e-mails, and `contact` of the domain is "
                    f"{self.domain.contact!r}: nobody can be written to"
                )
                fix = "contact: team@example.org in domain.yaml"
                yield self._finding("MESH-D063", message, self._owners.where, fix)

    def unset(self) -> Iterator[Finding]:
        """Variables that channels in use need and this environment lacks."""
        for name in self.owners:
            channel = self._channels[name]
            for variable in variables(channel):
                if not os.environ.get(variable):
                    yield Finding(
                        UNSET,
                        f"the channel `{name}` needs {variable}, which this environment lacks",
                        subject=self.domain.name,
                        where=channel.where,
                        fix=f"export {variable}=...",
                    )

    def _finding(self, code: str, what: str, where: str | None, fix: str | None = None) -> Finding:
        return Finding(code, what, Severity.WARNING, self.domain.name, where, fix)
