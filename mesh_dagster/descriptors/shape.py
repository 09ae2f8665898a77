"""What a document may look like: which keys there are and what kind of value each takes.

Checking the shape once, by a table, lets the translators into the model take every value for
granted: what does not fit is reported and removed before they see it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mesh_dagster.descriptors.source import Map, Seq, Source, shown
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.model.finding import Severity


class Kind(ABC):
    """A kind of value."""

    def called(self) -> str:
        """What a message calls it."""
        return "a value"

    @abstractmethod
    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        """Whether a value fits; if not, the finding is in `source`."""

    def _refuse(self, value: Any, key: str, line: int, source: Source) -> bool:
        fix = None
        if self is TEXT and type(value) in (int, float, bool):
            fix = f'quote it: {key}: "{shown(value)}"'
        if value is None:
            fix = "give it a value, or remove the line"
        message = f"`{key}` is {shown(value)} ({_name(value)}), expected {self.called()}"
        source.report("MESH-D008", message, line, fix=fix)
        return False


@dataclass(frozen=True, slots=True)
class Scalar(Kind):
    """A value of one of the exact Python types."""

    name: str
    types: frozenset[type]

    def called(self) -> str:
        return self.name

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        return type(value) in self.types or self._refuse(value, key, line, source)


class Anything(Kind):
    """Whatever stands there, nothing included."""

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        return True


TEXT = Scalar("a text", frozenset({str}))
FLAG = Scalar("true or false", frozenset({bool}))
INTEGER = Scalar("a whole number", frozenset({int}))
NUMBER = Scalar("a number", frozenset({int, float}))
SCALAR = Scalar("a single value", frozenset({str, int, float, bool, type(None)}))
ANYTHING = Anything()


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a closed list of texts."""

    among: tuple[str, ...]

    def called(self) -> str:
        return "one of " + ", ".join(self.among)

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        if type(value) is not str:
            return self._refuse(value, key, line, source)
        if value in self.among:
            return True
        message = f"`{key}` is {shown(value)}{did_you_mean(value, self.among)}"
        found = nearest(value, self.among)
        source.report("MESH-D010", message, line, fix=f"{key}: {found}" if found else None)
        return False


@dataclass(frozen=True, slots=True)
class Among(Kind):
    """One of some values, flags among them."""

    name: str
    values: tuple[Any, ...]

    def called(self) -> str:
        return self.name

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        fits = any(type(value) is type(each) and value == each for each in self.values)
        return fits or self._refuse(value, key, line, source)


@dataclass(frozen=True, slots=True)
class ListOf(Kind):
    """A list whose items are all of one kind; items that are not are removed."""

    item: Kind

    def called(self) -> str:
        return "a list"

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        if type(value) is not Seq:
            return self._refuse(value, key, line, source)
        admits = self.item.admits
        fits = [admits(each, key, at, source) for each, at in zip(value, value.lines, strict=True)]
        if not all(fits):
            value.lines[:] = [at for at, fit in zip(value.lines, fits, strict=True) if fit]
            value[:] = [each for each, fit in zip(value, fits, strict=True) if fit]
        return True


class Shape(Kind):
    """A mapping with known keys. A shape may be completed later, so that it can hold itself.

    `unknown` is how bad a key is that the table does not name: our own files may come from a
    newer release (design rule 9), those of the standards say their version.
    """

    def __init__(
        self,
        keys: Mapping[str, Kind] | None = None,
        required: tuple[str, ...] = (),
        unknown: Severity = Severity.ERROR,
    ) -> None:
        self.keys = dict(keys or {})
        self.required = required
        self.unknown = unknown

    def called(self) -> str:
        return "a mapping"

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        if type(value) is not Map:
            return self._refuse(value, key, line, source)
        self.check(value, source, key)
        return True

    def kind_of(self, key: str) -> Kind | None:
        """What a key holds; None when there is no such key."""
        return self.keys.get(key)

    def check(self, data: Map, source: Source, called: str = "") -> None:
        """Report and remove what does not fit; report what is missing."""
        kind_of, lines, bad = self.kind_of, data.lines, []
        for key, value in data.items():
            kind = kind_of(key)
            if kind is None:
                self._report_unknown(key, lines.get(key, data.line), source)
                bad.append(key)
            elif not kind.admits(value, key, lines.get(key, data.line), source):
                bad.append(key)
        for key in self.required:
            if key not in data:
                place = f" in `{called}`" if called else ""
                source.report("MESH-D009", f"`{key}` is missing{place}", data.line)
        for key in bad:
            del data[key]

    def _report_unknown(self, key: str, line: int, source: Source) -> None:
        if source.tolerant or source.full:
            return
        found = nearest(key, self.keys)
        message = f"nothing is called `{key[:100]}` here{did_you_mean(key, self.keys)}"
        fix = f"write `{found}` for `{key[:100]}`" if found else "remove it"
        source.report("MESH-D007", message, line, fix=fix, severity=self.unknown)


class Open(Shape):
    """A mapping with keys of its own beside the known ones: those hold `every`, or anything."""

    def __init__(
        self,
        keys: Mapping[str, Kind] | None = None,
        required: tuple[str, ...] = (),
        every: Kind = ANYTHING,
    ) -> None:
        super().__init__(keys, required)
        self.every = every

    def kind_of(self, key: str) -> Kind | None:
        return self.keys.get(key, self.every)


@dataclass(frozen=True, slots=True)
class Either(Kind):
    """A list or a mapping or a single value, each with its own kind."""

    of_list: Kind | None = None
    of_map: Kind | None = None
    of_scalar: Kind | None = None

    def called(self) -> str:
        kinds = (self.of_scalar, self.of_list, self.of_map)
        return " or ".join(kind.called() for kind in kinds if kind)

    def admits(self, value: Any, key: str, line: int, source: Source) -> bool:
        kind = self.of_list if type(value) is Seq else self.of_scalar
        kind = self.of_map if type(value) is Map else kind
        if kind is None:
            return self._refuse(value, key, line, source)
        return kind.admits(value, key, line, source)


def _name(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
    return "several values"
