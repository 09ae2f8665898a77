"""The one place where time is read (design rule 8).

A replay sets `MESH_NOW`: the mesh then lives at that moment, so that freshness and budgets of
historic data mean something. `MESH_SINCE` bounds the replay on the other side: partition sets
begin there. Tests freeze the clock. Durations are real, whatever the clock says.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from mesh_dagster.errors import UsageError

NOW = "MESH_NOW"
SINCE = "MESH_SINCE"

_asked: tuple[datetime | None, datetime | None] = (None, None)
_ticking = threading.Lock()
_tick = 0
_frozen: ContextVar[datetime | None] = ContextVar("mesh_frozen_now", default=None)


def now() -> datetime:
    """The current moment of the mesh, in UTC: frozen, replayed, or the wall clock's."""
    return _frozen.get() or _replayed()[0] or datetime.now(UTC)


def wall() -> datetime:
    """The wall clock's moment, whatever the mesh's clock says: for what processes really do."""
    return datetime.now(UTC)


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC, which is what one without a time zone is taken for.

    Raises `ValueError` for one that is not of the years 1 to 9999 there.
    """
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is not of the years 1 to 9999 in UTC") from None


def replaying() -> bool:
    """Whether `now` is a moment of a replay instead of the wall clock's."""
    return _replayed()[0] is not None


def since() -> datetime | None:
    """The first moment of the replay: no partition before it exists. None outside a replay."""
    return _replayed()[1]


def replay(now: datetime | None, since: datetime | None = None) -> None:
    """Begin the replay that the mesh at hand asks for (None: it asks for none).

    What the environment says goes before it.
    """
    global _asked  # noqa: PLW0603 (this module is the one place that keeps the time)
    _asked = (now, since)


def new_id() -> str:
    """A unique identifier whose text sorts by time of creation (UUIDv7's layout, RFC 9562).

    It reads the wall clock even under a replay: identifiers order attempts among processes,
    and a frozen clock orders nothing. Those of one process sort in the order of the calls,
    however coarse its clock; those of several by quarters of a microsecond.
    """
    millis, fraction = divmod(_next_tick(), 1 << 12)
    tail = uuid.uuid4().int
    value = (millis & (1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64
    value |= 0b10 << 62 | tail & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def _next_tick() -> int:
    """Milliseconds of the wall clock in 4,096ths, always later than the tick before."""
    global _tick  # noqa: PLW0603 (this module is the one place that keeps the time)
    with _ticking:
        _tick = max((time.time_ns() << 12) // 1_000_000, _tick + 1)
        return _tick


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Freeze `now` at a moment, for tests."""
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


class Stopwatch:
    """Seconds since it was made, by the monotonic clock."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start


def _replayed() -> tuple[datetime | None, datetime | None]:
    """The replay that holds: both of its ends from the environment, or both from the mesh."""
    named = _from_environment(NOW)
    return (named, _from_environment(SINCE)) if named else _asked


def _from_environment(name: str) -> datetime | None:
    text = os.environ.get(name)
    if not text:
        return None
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise UsageError(
            f"{name} is {text!r}, which is not an ISO 8601 moment",
            fix=f"export {name}=2013-11-08T12:00:00Z",
        ) from None
