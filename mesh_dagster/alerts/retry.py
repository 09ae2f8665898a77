"""When to try again, and when to give up."""

from __future__ import annotations

from datetime import datetime, timedelta

from mesh_dagster.alerts.notifier import NotNow, Refused
from mesh_dagster.model.notification import Patience

MOST_DOUBLINGS = 40


def pause(tries: int, patience: Patience) -> float:
    """Seconds after the `tries`-th try failed: `first`, doubled each time, up to `longest`."""
    doubled = patience.first * 2 ** min(max(tries - 1, 0), MOST_DOUBLINGS)
    return float(min(doubled, max(patience.longest, patience.first)))


def next_try(
    error: BaseException, tries: int, composed: datetime, now: datetime, patience: Patience
) -> datetime | None:
    """When a message that failed is tried again; None: it is a dead letter."""
    if isinstance(error, Refused):
        return None
    wait = pause(tries, patience)
    if isinstance(error, NotNow) and error.after is not None:
        wait = max(wait, min(error.after, patience.longest))
    if (now - composed).total_seconds() >= patience.give_up:
        return None
    return now + timedelta(seconds=wait)
