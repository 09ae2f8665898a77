"""What a contract says beside its schema: where the data is, who may have it, what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.contracts.evolution.fields import NOTED, WORDS, Row, of_mappings
from mesh_dagster.model.contract import Contract

_ACCESS = Row(What.ACCESS_CHANGED, What.ACCESS_CHANGED, What.ACCESS_CHANGED)
_TOLD = {"id": WORDS, "description": WORDS, "customProperties": NOTED, "tags": WORDS}
_SERVER = {**_TOLD, "roles": NOTED}
_ROLE = {
    **_TOLD,
    "access": _ACCESS,
    "firstLevelApprovers": NOTED,
    "secondLevelApprovers": NOTED,
}
_SUPPORT = {**_TOLD, "channel": WORDS}
_DESCRIPTION = {
    "purpose": WORDS,
    "usage": WORDS,
    "limitations": NOTED,
    "authoritativeDefinitions": WORDS,
    "customProperties": NOTED,
}


@dataclass(frozen=True, slots=True)
class _Named:
    """A list of a contract whose entries are known by a name, and in no order."""

    key: str
    name: str
    rows: Mapping[str, Row]
    otherwise: Row
    added: What
    removed: What


_LISTS = (
    _Named("servers", "server", _SERVER, _ACCESS, What.ACCESS_ADDED, What.ACCESS_REMOVED),
    _Named("roles", "role", _ROLE, NOTED, What.ACCESS_ADDED, What.ACCESS_REMOVED),
    _Named("support", "channel", _SUPPORT, NOTED, What.DOCUMENTED, What.NOTED),
)


def of_offer(old: Contract, new: Contract) -> Iterator[Change]:
    """Every difference in the description, servers, roles, support and price."""
    about = old.description, new.description
    yield from of_mappings(*about, _DESCRIPTION, "description", where=new.where)
    for listed in _LISTS:
        yield from _of_named(old, new, listed)
    yield from _of_price(old, new)


def _of_named(old: Contract, new: Contract, listed: _Named) -> Iterator[Change]:
    before, after = (_by_name(each.rest.get(listed.key), listed.name) for each in (old, new))
    where, otherwise = new.where, listed.otherwise
    for each in dict.fromkeys((*before, *after)):
        path = f"{listed.key}[{each}]"
        if each not in after:
            yield Change(path, listed.removed, _summary(before[each]), None, where=where)
        elif each not in before:
            yield Change(path, listed.added, None, _summary(after[each]), where=where)
        else:
            pair = before[each], after[each]
            yield from of_mappings(*pair, listed.rows, path, where=where, otherwise=otherwise)


def _by_name(entries: Any, name: str) -> dict[str, Mapping[str, Any]]:
    listed: Sequence[Any] = entries if isinstance(entries, list | tuple) else ()
    mappings = [each for each in listed if isinstance(each, Mapping)]
    return {str(each.get(name, at)): each for at, each in enumerate(mappings)}


def _summary(entry: Mapping[str, Any]) -> str:
    told = (str(value) for key, value in entry.items() if key not in _TOLD and value is not None)
    return " ".join(told)


def _of_price(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.rest.get("price") or {}, new.rest.get("price") or {}
    if before == after:
        return
    told = ("priceAmount", "priceCurrency", "priceUnit")
    shown = [" ".join(str(each[key]) for key in told if key in each) for each in (before, after)]
    yield Change(
        "price", _price(before, after), shown[0] or None, shown[1] or None, where=new.where
    )


def _price(before: Mapping[str, Any], after: Mapping[str, Any]) -> What:
    """Another currency or unit cannot be compared, so it is for readers to find out."""
    sums = before.get("priceAmount", 0), after.get("priceAmount", 0)
    if not all(type(each) in (int, float) for each in sums):
        return What.PRICE_RAISED
    if sums[1] == 0:
        return What.PRICE_LOWERED if sums[0] else What.DOCUMENTED
    terms = ("priceCurrency", "priceUnit")
    same = all(before.get(key) == after.get(key) for key in terms)
    if same and sums[0] == sums[1]:
        return What.DOCUMENTED
    return What.PRICE_LOWERED if same and sums[1] < sums[0] else What.PRICE_RAISED
