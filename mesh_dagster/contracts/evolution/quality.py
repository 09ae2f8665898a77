"""Quality rules before and after: which are the same rule, and which of two asks for more."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mesh_dagster.contracts.evolution import matching
from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.contracts.evolution.counts import ANYTHING, allowed, caps, compared
from mesh_dagster.contracts.evolution.fields import QUALITY, changed_fields
from mesh_dagster.contracts.evolution.strength import Strength, of_sets, reversed_, together
from mesh_dagster.model.contract import Quality
from mesh_dagster.model.finding import Severity

_COUNTS = {"rowCount", "nullValues", "missingValues", "invalidValues", "duplicateValues", "unique"}
_LISTS = {"validValues": False, "missingValues": True, "properties": False}
"""Arguments that are lists -> whether more of them ask for more."""
_BODY = ("query", "engine", "implementation", "rule")


def of_quality(
    old: Sequence[Quality], new: Sequence[Quality], path: str, columns: tuple[str, ...]
) -> Iterator[Change]:
    """Every difference between two lists of rules; their order is none."""
    left, right, pairs = _matched(old, new)
    for before, after in pairs:
        yield from _of_pair(before, after, path, columns)
    for gone in left:
        what = What.HINT_CHANGED if _is_hint(gone) else What.PROMISE_REMOVED
        yield Change(_path(path, gone), what, summary(gone), None, columns, where=gone.where)
    for come in right:
        what = What.HINT_ADDED if _is_hint(come) else What.PROMISE_ADDED
        yield Change(_path(path, come), what, None, summary(come), columns, where=come.where)


def summary(quality: Quality) -> str:
    """A rule in one line: `invalidValues {validValues: [EWR]} mustBe 0, severity warning`."""
    if quality.type == "text":
        return str(quality.rest.get("description") or quality.name or "a text")
    parts = [quality.metric or quality.type]
    parts += [f"{{{', '.join(f'{key}: {value}' for key, value in quality.arguments.items())}}}"]
    parts += [str(quality.rest[key]) for key in _BODY if key in quality.rest]
    parts += [f"{quality.operator} {quality.threshold}"] if quality.operator else []
    parts += [quality.unit] if quality.unit else []
    told = " ".join(each for each in parts if each != "{}")
    return told if quality.severity is Severity.ERROR else f"{told}, severity {quality.severity}"


def _matched(
    old: Sequence[Quality], new: Sequence[Quality]
) -> tuple[list[Quality], list[Quality], list[tuple[Quality, Quality]]]:
    """What is left of each, and the pairs: the same rule, by id, by name, by what it measures."""
    keys: tuple[Callable[[Quality], Hashable], ...] = (
        lambda each: repr(replace(each, where=None)),
        lambda each: each.rest.get("id"),
        lambda each: each.name,
        lambda each: repr((each.type, each.metric, _body(each), sorted(each.arguments))),
        lambda each: each.metric if each.type == "library" else None,
    )
    found, left, right = matching.pair_up(old, new, keys)
    pairs = [(old[at], new[place]) for at, place in found]
    return list(left.values()), list(right.values()), pairs


def _of_pair(old: Quality, new: Quality, path: str, columns: tuple[str, ...]) -> Iterator[Change]:
    if old == new:
        return
    at = _path(path, new)
    yield from changed_fields(old, new, QUALITY, at, columns)
    strength = _strength(old, new)
    if strength is Strength.SAME:
        if summary(old) != summary(new):
            yield Change(at, What.RESPELLED, summary(old), summary(new), columns, where=new.where)
        return
    hint = _is_hint(old) and _is_hint(new)
    what = What.HINT_CHANGED if hint else strength.what or What.PROMISE_CHANGED
    yield Change(at, what, summary(old), summary(new), columns, where=new.where)


def _strength(old: Quality, new: Quality) -> Strength:
    if old.type != new.type or old.metric != new.metric or _body(old) != _body(new):
        return Strength.OTHER
    by_severity = _of_severities(old, new)
    if by_severity is not Strength.SAME:
        return by_severity
    before, after = (allowed(each, whole=_is_whole(each)) for each in (old, new))
    if before is None or after is None:
        same = (old.operator, old.threshold, old.unit) == (new.operator, new.threshold, new.unit)
        numbers, capped = Strength.SAME if same else Strength.OTHER, False
    else:
        numbers, capped = compared(before, after), caps(before) and caps(after)
        if (old.unit == "percent") != (new.unit == "percent") and not _both_none(old, new):
            numbers = Strength.OTHER
    return together([numbers, _of_arguments(old, new, capped=capped)])


def _of_severities(old: Quality, new: Quality) -> Strength:
    """What is only warned of is published all the same: no reader can build on it."""
    if old.severity is new.severity:
        return Strength.SAME
    return Strength.LOOSER if new.severity is Severity.WARNING else Strength.TIGHTER


def _of_arguments(old: Quality, new: Quality, *, capped: bool) -> Strength:
    """Where what is counted may be so many at most, counting more of it asks for more."""
    parts = []
    for key in sorted({*old.arguments, *new.arguments}):
        before, after = old.arguments.get(key), new.arguments.get(key)
        if before == after:
            continue
        if not (isinstance(before, list | tuple) and isinstance(after, list | tuple)):
            return Strength.OTHER
        if not capped or key not in _LISTS:
            return Strength.OTHER
        strength = of_sets(before, after)
        parts.append(reversed_(strength) if _LISTS[key] else strength)
    return together(parts)


def _both_none(old: Quality, new: Quality) -> bool:
    """Not one and not a single percent are the same."""
    return all((each.operator, each.threshold) == ("mustBe", 0) for each in (old, new))


def _is_whole(quality: Quality) -> bool:
    return quality.metric in _COUNTS and quality.unit != "percent"


def _is_hint(quality: Quality) -> bool:
    """Nothing is kept from being published by it; a bound that all numbers keep is none."""
    anything = allowed(quality, whole=_is_whole(quality)) == ANYTHING
    return quality.severity is Severity.WARNING or quality.type == "text" or anything


def _body(quality: Quality) -> list[Any]:
    if quality.type == "text":
        return [quality.rest.get("description")]
    return [quality.rest.get(key) for key in _BODY]


def _path(path: str, quality: Quality) -> str:
    own = quality.rest.get("id") or quality.name or quality.metric or quality.type
    return f"{path}.quality[{own}]"
