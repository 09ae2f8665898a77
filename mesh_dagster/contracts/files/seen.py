"""What the values of JSON are, where no contract says it: of one type, or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import Any

from mesh_dagster.model.types import ColumnType, Kind

MOST_KEYS = 1_000
"""Different keys beyond which objects are maps, whose keys are values."""

_WORDS = {str: "text", bool: "true or false", list: "array", dict: "object"}
_MANY = "object of ever other keys"
_KINDS = {"text": Kind.STRING, "true or false": Kind.BOOLEAN, "whole number": Kind.LONG}
_NUMBERS = frozenset({"whole number", "number"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What some values are; with those in arrays and objects."""

    kinds: frozenset[str] = frozenset()
    item: Seen | None = None
    fields: Mapping[str, Seen] = field(default_factory=dict)

    def __or__(self, other: Seen) -> Seen:
        kinds = self.kinds | other.kinds
        names = dict.fromkeys((*self.fields, *other.fields))
        if len(names) > MOST_KEYS:
            kinds |= {_MANY}
        if _MANY in kinds:
            names = {}
        fields = {
            name: self.fields.get(name, NOTHING) | other.fields.get(name, NOTHING) for name in names
        }
        item = self.item or other.item
        if self.item and other.item:
            item = self.item | other.item
        return Seen(kinds, item, fields)

    @property
    def type(self) -> ColumnType | None:
        """The one type that holds them; None where there is none, or it cannot be told yet."""
        if self.kinds and self.kinds <= _NUMBERS:
            return ColumnType(Kind.DOUBLE if "number" in self.kinds else Kind.LONG)
        if len(self.kinds) != 1 or self.differences():
            return None
        (kind,) = self.kinds
        if kind == "array":
            item = self.item.type if self.item else None
            return ColumnType(Kind.LIST, item=item) if item else None
        if kind == "object":
            fields = [(name, type_) for name, each in self.fields.items() if (type_ := each.type)]
            return ColumnType(Kind.STRUCT, fields=tuple(fields)) if fields else None
        return ColumnType(_KINDS[kind])

    def differences(self, place: str = "it") -> list[str]:
        """Where values of several types stand, in words."""
        found = []
        if len(self.kinds) > 1 and not self.kinds <= _NUMBERS:
            found.append(f"{place} is {' here, '.join(sorted(self.kinds))} there")
        if self.item:
            found += self.item.differences(f"{place}[]")
        for name, each in self.fields.items():
            found += each.differences(f"{place}.{name}")
        return found


NOTHING = Seen()


def seen_in(values: Sequence[Any]) -> Seen:
    """What some values are, nulls left out."""
    kinds = set(map(type, values)) - {type(None)}
    words = {_WORDS[kind] for kind in kinds if kind in _WORDS}
    if int in kinds:
        words.add("whole number" if _all_fit(values) else "number")
    if float in kinds or Decimal in kinds:
        words.add("number")
    item, fields = None, {}
    if list in kinds:
        item = seen_in(list(chain.from_iterable(each for each in values if type(each) is list)))
    if dict in kinds:
        objects = [each for each in values if type(each) is dict]
        names = dict.fromkeys(chain.from_iterable(objects))
        if len(names) > MOST_KEYS:
            words.add(_MANY)
            names = {}
        fields = {name: seen_in([each.get(name) for each in objects]) for name in names}
    return Seen(frozenset(words), item, fields)


def _all_fit(values: Sequence[Any]) -> bool:
    """Whether whole numbers are of 64 bits."""
    return all(-(1 << 63) <= each < 1 << 63 for each in values if type(each) is int)
