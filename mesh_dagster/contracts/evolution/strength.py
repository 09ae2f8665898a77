"""Which of two promises asks for more: what decides whether a reader can still rely on the old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from mesh_dagster.contracts.evolution.change import What


class Strength(Enum):
    """A new promise against the old one.

    TIGHTER: whatever keeps the new one keeps the old one. LOOSER: the other way round. OTHER:
    neither, or nobody can tell.
    """

    SAME = "same"
    TIGHTER = "tighter"
    LOOSER = "looser"
    OTHER = "other"

    @property
    def what(self) -> What | None:
        """The change that a promise went through; None where it is the same."""
        return _CHANGES.get(self)


_CHANGES = {
    Strength.TIGHTER: What.PROMISE_TIGHTENED,
    Strength.LOOSER: What.PROMISE_LOOSENED,
    Strength.OTHER: What.PROMISE_CHANGED,
}


def together(parts: Iterable[Strength]) -> Strength:
    """Of a promise whose parts have all to be kept."""
    found = set(parts) - {Strength.SAME}
    if len(found) > 1:
        return Strength.OTHER
    return found.pop() if found else Strength.SAME


def of_presence(before: object, after: object) -> What | None:
    """What happened to a promise that stands in one of the contracts only."""
    if before is None and after is not None:
        return What.PROMISE_ADDED
    if before is not None and after is None:
        return What.PROMISE_REMOVED
    return None


def of_sets(before: Iterable[Any], after: Iterable[Any]) -> Strength:
    """Of two lists of what is allowed: fewer are more of a promise."""
    old, new = {_hashable(each) for each in before}, {_hashable(each) for each in after}
    if old == new:
        return Strength.SAME
    if new < old:
        return Strength.TIGHTER
    return Strength.LOOSER if old < new else Strength.OTHER


def reversed_(strength: Strength) -> Strength:
    """The same where more is more of a promise."""
    match strength:
        case Strength.TIGHTER:
            return Strength.LOOSER
        case Strength.LOOSER:
            return Strength.TIGHTER
    return strength


def of_lower_ends(before: tuple[Any, bool], after: tuple[Any, bool]) -> Strength:
    """Of two least values; an end is excluded where the second of its pair is true."""
    return _of_ends(before, after, lambda old, new: bool(new > old))


def of_upper_ends(before: tuple[Any, bool], after: tuple[Any, bool]) -> Strength:
    """Of two greatest values."""
    return _of_ends(before, after, lambda old, new: bool(new < old))


def _of_ends(before: tuple[Any, bool], after: tuple[Any, bool], inside: Any) -> Strength:
    if before == after:
        return Strength.SAME
    try:
        if before[0] == after[0]:
            return Strength.TIGHTER if after[1] else Strength.LOOSER
        return Strength.TIGHTER if inside(before[0], after[0]) else Strength.LOOSER
    except TypeError:
        return Strength.OTHER


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return ("map", tuple(sorted((str(key), _hashable(each)) for key, each in value.items())))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ("list", tuple(_hashable(each) for each in value))
    return (isinstance(value, bool), value)
