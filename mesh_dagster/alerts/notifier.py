"""What a channel is: a class behind the door `notifiers`, ours or another package's.

    class Pager:
        SETTINGS = {"key": Setting("the service's key", required=True, secret=True)}
        PERSONAL = False

        def __init__(self, *, key): ...
        def deliver(self, message): ...

It is made with its settings, `${NAME}` replaced by the environment, and used by several threads
at once. `deliver` returns once the message was accepted, and only then. Whatever it raises means
another try, `Refused` none: then it is a dead letter at once. A setting `timeout` is how long the
other side may be silent, in seconds; a try may take some times as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from mesh_dagster.model.message import Message, Setting


class Notifier(Protocol):
    """Delivers messages by one channel."""

    SETTINGS: ClassVar[Mapping[str, Setting]]
    PERSONAL: ClassVar[bool]
    """Whether `message.recipient.to` is an e-mail address; otherwise it is a domain's name, and
    the channel reaches its team by itself."""

    def deliver(self, message: Message) -> None:
        """Hand a message over; it carries its idempotency key, the same at every try."""


class Refused(Exception):
    """The other side understood and said no; it would say the same again."""


class NotNow(Exception):
    """The other side could not take it. `after`: how many seconds it asked to be left alone."""

    def __init__(self, said: str, after: float | None = None) -> None:
        super().__init__(said)
        self.after = after


class NoAnswer(NotNow):
    """The other side said nothing in time. After some in a row its channel is left alone."""
