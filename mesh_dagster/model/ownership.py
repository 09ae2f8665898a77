"""Who owns a product: the people that decide about it, and that are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import Member

OWNER = "owner"
IDENTITY = "identity"
"""The custom property of a member that says by which other names he is known: logins, ARNs."""


def owners(loaded: LoadedProduct, today: date | None = None) -> tuple[Member, ...]:
    """The owners of a product, each once: members with the role `owner`.

    They are named by its descriptor, by its contracts, or by the team in domain.yaml. Where none
    of them names one, all members of the domain's team own it. Who had left by `today` owns
    nothing any more. Of whom several files name, `identity` is what all of them say.
    """
    there = present(people(loaded), today)
    named = [each for each in there if (each.role or "").strip().lower() == OWNER]
    if not named:
        known = {_person(each) for each in there}
        named = [each for each in present(loaded.domain.members, today) if _person(each) in known]
    found: dict[str, Member] = {}
    for each in named:
        found.setdefault(_person(each), each)
    return tuple(_as_all_say(each, there) for each in found.values())


def present(members: Iterable[Member], today: date | None) -> list[Member]:
    """The entries of those who are still there on a day.

    Who has left by any of his entries is gone, unless another one has him come in since then.
    """
    entries = defaultdict[str, list[Member]](list)
    for each in members:
        entries[_person(each)].append(each)
    return [
        each
        for some in entries.values()
        if not _is_gone(some, today)
        for each in some
        if not has_left(each, today)
    ]


def names_of(member: Member) -> frozenset[str]:
    """Every name by which somebody can be recognised as this member, in lower case.

    His username, what comes before its @, and the custom property `identity`.
    """
    given = [
        value
        for each in _custom(member)
        if isinstance(each, Mapping) and each.get("property") == IDENTITY
        for value in _texts(each.get("value"))
    ]
    names = (member.username, member.username.partition("@")[0], *given)
    return frozenset(each.lower() for each in names if each.strip())


def people(loaded: LoadedProduct) -> Iterator[Member]:
    """Everybody whom the descriptor of a product, its contracts and its domain name."""
    yield from loaded.product.members
    for contract in loaded.contracts.values():
        team = contract.rest.get("team")
        listed = team.get("members") if isinstance(team, Mapping) else team
        for each in listed if isinstance(listed, list | tuple) else ():
            if isinstance(each, Mapping) and each.get("username"):
                yield Member(str(each["username"]), each.get("role"), each.get("name"), each)
    yield from loaded.domain.members


def has_left(member: Member, today: date | None) -> bool:
    """Whether an entry says that somebody is no member any more on a day.

    A `dateOut` that is no date counts as one that is over: whom a file lets go decides nothing.
    """
    stated = member.rest.get("dateOut")
    if not stated or today is None:
        return False
    day = day_of(stated)
    return day is None or day < today


def day_of(stated: object) -> date | None:
    """The day of a date or a moment in ISO 8601; None of anything else."""
    try:
        return datetime.fromisoformat(str(stated).strip()).date()
    except ValueError:
        return None


def _is_gone(entries: Sequence[Member], today: date | None) -> bool:
    left = [each for each in entries if has_left(each, today)]
    if not left or today is None:
        return False
    last = max(day_of(each.rest["dateOut"]) or date.max for each in left)
    came = (day_of(each.rest.get("dateIn")) for each in entries if each not in left)
    return not any(last <= day <= today for day in came if day is not None)


def _as_all_say(member: Member, there: Iterable[Member]) -> Member:
    """A member with the custom properties of all his entries."""
    listed = [
        custom for each in there if _person(each) == _person(member) for custom in _custom(each)
    ]
    return replace(member, rest={**member.rest, "customProperties": listed}) if listed else member


def _person(member: Member) -> str:
    return member.username.strip().lower()


def _custom(member: Member) -> Sequence[Any]:
    return member.rest.get("customProperties") or ()


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if value else ()
