"""Who owns a product: the people that decide about it, and that are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
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
    nothing any more.
    """
    there = [each for each in people(loaded) if not has_left(each, today)]
    named = [each for each in there if (each.role or "").strip().lower() == OWNER]
    if not named:
        named = [each for each in loaded.domain.members if not has_left(each, today)]
    return tuple({each.username: each for each in named}.values())


def names_of(member: Member) -> frozenset[str]:
    """Every name by which somebody can be recognised as this member, in lower case.

    His username, what comes before its @, and the custom property `identity`.
    """
    listed = member.rest.get("customProperties") or ()
    given = [
        value
        for each in listed
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
    """Whether somebody is no member any more on a day."""
    stated = member.rest.get("dateOut")
    if not stated or today is None:
        return False
    try:
        return date.fromisoformat(str(stated)) < today
    except ValueError:
        return False


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if value else ()
