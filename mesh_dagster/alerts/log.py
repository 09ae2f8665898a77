"""The channel `log`: a line in the log of the process that sends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import ClassVar

from mesh_dagster.model.message import Message, Setting

LOGGER = "mesh_dagster.alerts"


class LogNotifier:
    """Writes to the logger `mesh_dagster.alerts`."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "level": Setting("how grave a line is", among=("info", "warning", "error"))
    }
    PERSONAL: ClassVar[bool] = False

    def __init__(self, *, level: str = "warning") -> None:
        self._level = logging.getLevelNamesMapping()[level.upper()]

    def deliver(self, message: Message) -> None:
        lines = "\n".join(
            "".join(each if each.isprintable() else " " for each in line)
            for line in message.text.splitlines()
        )
        logging.getLogger(LOGGER).log(
            self._level, "to %s: %s [%s]", message.recipient.to, lines, message.id
        )
