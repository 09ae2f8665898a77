"""The sink `console`: a line of JSON an event, on the standard output of whoever sends."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from mesh_dagster.journal.deliveries import Outgoing
from mesh_dagster.model.message import Setting


class ConsoleSink:
    """Writes to standard output."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {}
    AT_ONCE: ClassVar[int] = 1

    def deliver(self, event: Outgoing) -> None:
        sys.stdout.write(event.body.decode() + "\n")

    def settle(self) -> None:
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is open."""
