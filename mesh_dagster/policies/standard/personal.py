"""Which columns hold personal data: by their classification, by their names, by their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.policies.standard.columns import with_parts
from mesh_dagster.policies.standard.looks import (
    DIGIT,
    is_card,
    is_email,
    is_iban,
    is_phone,
    is_pilot_licence,
    is_social_security_number,
)

MOST = 1000
"""Distinct values of a column that are looked at."""

LONGEST = 256
"""Characters of a value that are looked at."""

_DEEPEST = 3
_PERSONAL = re.compile(r"\b(?:pii|spii|personal|phi|pci|gdpr|health|medical|biometric)\b")
_NOT = re.compile(r"\bnon?t?\b")
_IDENTITY = re.compile(r"(?=(?:[^0-9]*[0-9]){4})[A-Za-z0-9][A-Za-z0-9./ -]{3,29}")
_PERSON = re.compile(r"[^\W\d_][^\d@/\\|<>{}]{0,79}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.{0,32}")


def is_personal(column: Property) -> bool:
    """Whether its classification says that it is about people (`pii`, `personal data`, `phi`)."""
    said = (column.classification or "").lower().replace("_", " ")
    return _PERSONAL.search(said) is not None and _NOT.search(said) is None


def personal_columns(contract: Contract) -> list[str]:
    """The columns of a port that are about people, or hold something that is, as stored."""
    return [
        each.column
        for table in contract.schema[:1]
        for each in table.properties
        if any(is_personal(part) for _, part in with_parts(each.name, each))
    ]


@dataclass(frozen=True, slots=True)
class Look:
    """A kind of personal data. `share` is how many of a column's distinct values are of it, and
    `enough` how many at least: more of what chance can make."""

    what: str
    fits: Callable[[str], bool]
    share: float
    enough: int = 1


@dataclass(frozen=True, slots=True)
class Name:
    """Columns whose last words are these hold personal data, where their values look like it."""

    words: re.Pattern[str]
    look: Look


def _name(words: str, what: str, fits: Callable[[str], bool], share: float = 0.8) -> Name:
    return Name(re.compile(rf"(?:.*_)?(?:{words})"), Look(what, fits, share))


def _is_identity(text: str) -> bool:
    return _IDENTITY.fullmatch(text) is not None


def _is_person(text: str) -> bool:
    return _PERSON.fullmatch(text) is not None


def _is_day(text: str) -> bool:
    return _DAY.fullmatch(text) is not None


def _has_digits_of_phone(text: str) -> bool:
    return 7 <= len(DIGIT.findall(text)) <= 15


_NUMBER = "(?:_?(?:no|nr|num|number|id))"
_BY_VALUE = (
    Look("e-mail addresses", is_email, 0.02),
    Look("bank accounts (IBAN)", is_iban, 0.2),
    Look("licences of flight crew", is_pilot_licence, 0.5),
    Look("payment cards", is_card, 0.8, enough=5),
    Look("telephone numbers", is_phone, 0.8, enough=5),
    Look("social security numbers", is_social_security_number, 0.8, enough=5),
)
_BY_NAME = (
    _name("e_?mail(?:_?address)?", "e-mail addresses", is_email, 0.02),
    _name(f"(?:pilot|crew|driver|driving|drivers)_?licen[cs]e{_NUMBER}?", "licences", _is_identity),
    _name(f"licen[cs]e{_NUMBER}", "licences", _is_identity),
    _name(f"passport{_NUMBER}?|national_id|personal_id", "identity papers", _is_identity),
    _name(f"ssn|social_security{_NUMBER}?", "social security numbers", _is_identity),
    _name("(?:first|last|given|family|full|maiden)_?name|surname", "names of people", _is_person),
    _name("birth_?da(?:te|y)|date_of_birth|dob", "dates of birth", _is_day),
    _name(
        f"(?:(?:tele|mobile_?|cell_?)?phone|mobile){_NUMBER}?",
        "telephone numbers",
        _has_digits_of_phone,
    ),
)


def look_of(name: str, values: Iterable[Any]) -> tuple[str, int, int] | None:
    """What kind of personal data a column's values are, how many are, and of how many.

    None where they look like none. The same values in another order, or with nulls among them,
    get the same answer.
    """
    texts = _texts(values)
    if not texts:
        return None
    named = [each.look for each in _BY_NAME if each.words.fullmatch(name.lower())]
    for look in (*named, *_BY_VALUE):
        found = sum(map(look.fits, texts))
        if found >= look.enough and found >= look.share * len(texts):
            return look.what, found, len(texts)
    return None


@lru_cache(maxsize=8192)
def name_of(name: str) -> str | None:
    """What kind of personal data the name of a column says that it holds."""
    found = [each.look.what for each in _BY_NAME if each.words.fullmatch(name.lower())]
    return found[0] if found else None


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    """The distinct values that can be looked at, as texts; of a list or structure what is in it."""
    found: dict[str, None] = {}
    for value in values:
        for text in _flat(value, _DEEPEST):
            found.setdefault(text[:LONGEST].strip())
            if len(found) >= MOST:
                return tuple(found)
    found.pop("", None)
    return tuple(found)


def _flat(value: Any, deep: int) -> Iterator[str]:
    match value:
        case None | bool() | float() | bytes():
            return
        case Mapping() if deep:
            for each in value.values():
                yield from _flat(each, deep - 1)
        case list() | tuple() if deep:
            for each in value:
                yield from _flat(each, deep - 1)
        case _:
            yield str(value)
