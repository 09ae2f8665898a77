"""Who is told by which channel, and how patiently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LOG = "log"
"""The channel of owners for whom nothing else is configured."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach people: a plugin of the door `notifiers`, and its settings as written.

    `${NAME}` in a text stands for a variable of the environment, read when a message is sent.
    """

    name: str
    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How messages are held, tried again and given up; all in seconds.

    A first message waits `group` for others of the same cause. The same topic is told to the
    same recipient once in `cool_down`; what comes meanwhile goes with the next. Tries are
    `first` apart, then twice that and so on up to `longest`, and end after `give_up`.
    """

    group: float = 30
    cool_down: float = 3_600
    first: float = 10
    longest: float = 3_600
    give_up: float = 3 * 86_400
    timeout: float = 30
    """What one try may take, of a channel whose own `timeout` asks for no more."""
    overdue: float = 3 * 86_400
    """How long something may wait in the inbox of its owner before that is told."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """`notifications` of mesh.yaml or of a domain.yaml. `owners` None: not said there."""

    channels: tuple[Channel, ...] = ()
    owners: tuple[str, ...] | None = None
    patience: Mapping[str, float] = field(default_factory=dict)
    """What is said of `Patience`, by field."""
    where: str | None = field(default=None, compare=False)
