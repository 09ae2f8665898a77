"""Service levels before and after: less of one hurts who built on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.contracts.evolution import matching
from mesh_dagster.contracts.evolution.change import Change, What, in_words
from mesh_dagster.contracts.evolution.fields import SERVICE_LEVEL, changed_fields
from mesh_dagster.contracts.evolution.strength import Strength, together
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.service_level import (
    OBJECTIVES,
    TARGET,
    ServiceLevel,
    service_objectives,
    span_of,
)

_SMALLER = {"freshness", "latency", "frequency", "errorrate"}
_SMALLER |= {"timetodetect", "timetonotify", "timetorepair", "generalavailability"}
_LARGER = {"retention", "availability", "throughput", "endofsupport", "endoflife"}
_LARGER |= {"completeness", "accuracy", "rowaccuracy", "statisticalshape", "lineage"}
_SHORT = {
    "ly": "latency",
    "fy": "frequency",
    "er": "errorrate",
    "td": "timetodetect",
    "tn": "timetonotify",
    "tr": "timetorepair",
    "ga": "generalavailability",
    "re": "retention",
    "av": "availability",
    "th": "throughput",
    "es": "endofsupport",
    "el": "endoflife",
}
_DEFAULT = "slaDefaultElement"


def of_service_levels(old: Contract, new: Contract) -> Iterator[Change]:
    """Every difference between the service levels of two contracts."""
    mine = [(each, _element(old, each)) for each in old.service_levels]
    its = [(each, _element(new, each)) for each in new.service_levels]
    keys = (lambda each: (_name(each[0]), each[1]), lambda each: _name(each[0]))
    pairs, left, right = matching.pair_up(mine, its, keys)
    for at, place in pairs:
        yield from _of_pair(mine[at], its[place])
    for gone, _ in left.values():
        yield Change(_path(gone), What.PROMISE_REMOVED, summary(gone), None, where=gone.where)
    for come, _ in right.values():
        yield Change(_path(come), What.PROMISE_ADDED, None, summary(come), where=come.where)
    yield from _of_objectives(old, new)
    before_all, after_all = old.rest.get(_DEFAULT), new.rest.get(_DEFAULT)
    if before_all != after_all:
        yield Change(_DEFAULT, What.RESPELLED, before_all, after_all, where=new.where)


def _of_objectives(old: Contract, new: Contract) -> Iterator[Change]:
    """In which share of the time promises are kept, of those that both contracts make."""
    before, after = service_objectives(old.rest), service_objectives(new.rest)
    both = {level.name for level in old.service_levels} & {
        level.name for level in new.service_levels
    }
    for name in sorted({*before, *after} & both):
        mine, its = before.get(name, {}), after.get(name, {})
        strength = together([_of_targets(mine, its), _of_windows(mine, its)])
        what = strength.what or (What.RESPELLED if mine != its else None)
        if what:
            path = f"{OBJECTIVES}.{name}"
            yield Change(path, what, _terms(mine), _terms(its), where=new.where)


def _of_targets(mine: Mapping[str, Any], its: Mapping[str, Any]) -> Strength:
    before, after = (
        TARGET if (share := ServiceLevel("target", each.get("target")).share) is None else share
        for each in (mine, its)
    )
    if before == after:
        return Strength.SAME
    return Strength.TIGHTER if after > before else Strength.LOOSER


def _of_windows(mine: Mapping[str, Any], its: Mapping[str, Any]) -> Strength:
    """A budget over another time is another one; where none was named, any is as good."""
    before, after = span_of(mine.get("window")), span_of(its.get("window"))
    same = before is None or after is None or before == after
    return Strength.SAME if same else Strength.OTHER


def _terms(stated: Mapping[str, Any]) -> str | None:
    told = [f"{key} {stated[key]}" for key in ("target", "window") if key in stated]
    return ", ".join(told) or None


def summary(level: ServiceLevel) -> str:
    """`26 h`."""
    more = level.rest.get("valueExt")
    parts = [in_words(level.value), in_words(more) if more is not None else "", level.unit or ""]
    return " ".join(each for each in parts if each)


def _of_pair(old: tuple[ServiceLevel, Any], new: tuple[ServiceLevel, Any]) -> Iterator[Change]:
    (before, its_element), (after, element) = old, new
    path = _path(after)
    yield from changed_fields(before, after, SERVICE_LEVEL, path)
    if its_element != element:
        # A promise about another column is another promise.
        yield Change(
            f"{path}.element", What.PROMISE_CHANGED, its_element, element, where=after.where
        )
    strength = _strength(before, after)
    if strength.what:
        yield Change(path, strength.what, summary(before), summary(after), where=after.where)
    elif summary(before) != summary(after):
        yield Change(path, What.RESPELLED, summary(before), summary(after), where=after.where)


def _strength(old: ServiceLevel, new: ServiceLevel) -> Strength:
    same_more = old.rest.get("valueExt") == new.rest.get("valueExt")
    if (old.value, old.unit) == (new.value, new.unit):
        return Strength.SAME if same_more else Strength.OTHER
    name = _name(new)
    sizes = _sizes(old, new)
    if sizes is None or not same_more or name not in _SMALLER | _LARGER:
        return Strength.OTHER
    before, after = sizes
    if before == after:
        return Strength.SAME
    return Strength.TIGHTER if (after < before) == (name in _SMALLER) else Strength.LOOSER


def _sizes(old: ServiceLevel, new: ServiceLevel) -> tuple[Any, Any] | None:
    """Two values that can be compared: spans, moments, or numbers of the same unit."""
    spans = old.span, new.span
    if None not in spans and _is_span(old) and _is_span(new):
        return spans
    moments = old.moment, new.moment
    if None not in moments and _name(new) in ("generalavailability", "endofsupport", "endoflife"):
        return moments
    same_unit = _unit(old) == _unit(new)
    numbers = old.value, new.value
    if same_unit and all(type(each) in (int, float) for each in numbers):
        return numbers
    return None


def _is_span(level: ServiceLevel) -> bool:
    return _name(level) in {"freshness", "latency", "frequency", "retention"} or (
        _name(level).startswith("timeto")
    )


def _unit(level: ServiceLevel) -> str:
    unit = (level.unit or "").strip().lower()
    return unit if len(unit) < 3 else unit.removesuffix("s")


def _element(contract: Contract, level: ServiceLevel) -> Any:
    return level.element or contract.rest.get(_DEFAULT)


def _name(level: ServiceLevel) -> str:
    plain = level.name.strip().lower().replace("_", "").replace("-", "")
    return _SHORT.get(plain, plain)


def _path(level: ServiceLevel) -> str:
    return f"slaProperties.{level.name}"
