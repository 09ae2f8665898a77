"""What is sent, to whom, and what a kind of channel has to be told."""

from __future__ import annotations

from dataclasses import dataclass

from mesh_dagster.model.event import Event


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a kind of channel. A `secret` may only come from the environment."""

    says: str
    required: bool = False
    secret: bool = False
    among: tuple[str, ...] = ()
    kind: str = "text"
    """`text`, `number`, which is above 0, or `flag`."""


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """One person or team by one channel. `to` is an address where the channel has many."""

    channel: str
    to: str


@dataclass(frozen=True, slots=True)
class Message:
    """What one recipient is sent at once, and its idempotency key, the same at every try."""

    id: str
    recipient: Recipient
    subject: str
    text: str
    events: tuple[Event, ...]
    keys: tuple[str, ...] = ()
    """Of each event its idempotency key for this recipient."""
