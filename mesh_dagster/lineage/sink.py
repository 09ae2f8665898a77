"""What a sink is: a class behind the door `lineage_sinks`, ours or another package's.

    class Queue:
        SETTINGS = {"topic": Setting("where to put events", required=True)}
        AT_ONCE = 4

        def __init__(self, *, topic): ...
        def deliver(self, event): ...
        def settle(self): ...
        def close(self): ...

It is made with its settings, `${NAME}` replaced by the environment and `{domain}` by the domain's
name. Of one run events come one after the other, of different runs up to `AT_ONCE` at once, each
in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from mesh_dagster.journal.deliveries import Outgoing
from mesh_dagster.model.message import Setting


class Sink(Protocol):
    """Takes run events."""

    SETTINGS: ClassVar[Mapping[str, Setting]]
    AT_ONCE: ClassVar[int]

    def deliver(self, event: Outgoing) -> None:
        """Hand one event over. Whatever it raises means another try; `Refused` means none."""

    def settle(self) -> None:
        """Make sure that what was delivered stays: after this it is recorded as delivered."""

    def close(self) -> None:
        """Let go of what is open."""


class Refused(Exception):
    """The other side understood this event and said no; it would say the same again."""


class NotNow(Exception):
    """The other side could not take it.

    `after`: how many seconds it asked to be left alone. `of_all`: it says so of whatever it is
    sent, as one does that wants another password.
    """

    def __init__(self, said: str, after: float | None = None, *, of_all: bool = False) -> None:
        super().__init__(said)
        self.after = after
        self.of_all = of_all
