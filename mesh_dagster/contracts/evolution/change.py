"""One change of a contract, and how it is graded: a closed list (see docs/contracts/evolution.md).

One idea decides every grade: *what a reader was promised has to hold for all data that keeps the
new contract*. A promise that grows stronger hurts at most who writes the data; one that grows
weaker, or that cannot be compared, hurts who reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any


class Grade(StrEnum):
    """How much a change asks of those who rely on the contract."""

    COMPATIBLE = "compatible"
    """Nobody who reads has anything to do."""
    NOTICE = "notice"
    """Nothing breaks now, and readers should know."""
    BREAKING = "breaking"
    """Who relied on the old contract may fail under the new one."""


_ORDER = (Grade.COMPATIBLE, Grade.NOTICE, Grade.BREAKING)


def worst(grades: Iterable[Grade]) -> Grade | None:
    """The gravest of several grades, None of none."""
    return max(grades, key=_ORDER.index, default=None)


class Side(StrEnum):
    """Who relies on a contract: who reads the port, and who makes the data that has to keep it."""

    READER = "reader"
    WRITER = "writer"


class Bump(IntEnum):
    """Which part of the version a change raises."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


class What(StrEnum):
    """What happened. The grade of each is in `GRADED`."""

    COLUMN_ADDED = "column added"
    REQUIRED_COLUMN_ADDED = "required column added"
    COLUMN_REMOVED = "column removed"
    COLUMN_RENAMED = "column renamed"
    COLUMN_RELABELLED = "logical name changed"
    TABLE_ADDED = "table added"
    TABLE_REMOVED = "table removed"
    TABLE_RENAMED = "table renamed"
    SERVED_TABLE_CHANGED = "another table is served"
    TYPE_WIDENED = "type widened"
    TYPE_NARROWED = "type narrowed"
    TYPE_CHANGED = "type changed"
    TYPE_STATED = "type stated"
    TYPE_WITHDRAWN = "type withdrawn"
    RESPELLED = "said in other words"
    PROMISE_ADDED = "promise added"
    PROMISE_TIGHTENED = "promise tightened"
    PROMISE_LOOSENED = "promise loosened"
    PROMISE_REMOVED = "promise removed"
    PROMISE_CHANGED = "promise changed"
    PROMISE_CORRECTED = "promise corrected"
    KEY_REORDERED = "key reordered"
    HINT_ADDED = "hint added"
    HINT_CHANGED = "hint changed"
    COLUMNS_OPENED = "open to more columns"
    MEANING_STATED = "meaning stated"
    MEANING_CHANGED = "meaning changed"
    DEPRECATED = "deprecated"
    DEPRECATION_WITHDRAWN = "no more deprecated"
    ACTIVATED = "activated"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"
    ADDRESS_CHANGED = "address changed"
    ACCESS_ADDED = "access added"
    ACCESS_CHANGED = "access changed"
    ACCESS_REMOVED = "access removed"
    PRICE_LOWERED = "price lowered"
    PRICE_RAISED = "price raised"
    NOTED = "noted"
    DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True)
class Graded:
    """The grade of a kind of change, who is hurt by it, and the bump it takes."""

    grade: Grade
    bump: Bump
    hurts: tuple[Side, ...] = ()


_FREE = Graded(Grade.COMPATIBLE, Bump.MINOR)
_BINDS = Graded(Grade.COMPATIBLE, Bump.MINOR, (Side.WRITER,))
_TOLD = Graded(Grade.NOTICE, Bump.MINOR)
_BREAKS = Graded(Grade.BREAKING, Bump.MAJOR, (Side.READER,))
_BREAKS_BOTH = Graded(Grade.BREAKING, Bump.MAJOR, (Side.READER, Side.WRITER))
_WORDS = Graded(Grade.COMPATIBLE, Bump.PATCH)

GRADED: dict[What, Graded] = {
    What.COLUMN_ADDED: _FREE,
    What.REQUIRED_COLUMN_ADDED: _BINDS,
    What.COLUMN_REMOVED: _BREAKS,
    What.COLUMN_RENAMED: _BREAKS_BOTH,
    What.COLUMN_RELABELLED: _TOLD,
    What.TABLE_ADDED: _FREE,
    What.TABLE_REMOVED: _BREAKS,
    What.TABLE_RENAMED: _BREAKS,
    What.SERVED_TABLE_CHANGED: _BREAKS_BOTH,
    What.TYPE_WIDENED: _FREE,
    What.TYPE_NARROWED: _BREAKS_BOTH,
    What.TYPE_CHANGED: _BREAKS_BOTH,
    What.TYPE_STATED: _BINDS,
    What.TYPE_WITHDRAWN: _BREAKS,
    What.RESPELLED: _WORDS,
    What.PROMISE_ADDED: _BINDS,
    What.PROMISE_TIGHTENED: _BINDS,
    What.PROMISE_LOOSENED: _BREAKS,
    What.PROMISE_REMOVED: _BREAKS,
    What.PROMISE_CHANGED: _BREAKS_BOTH,
    What.PROMISE_CORRECTED: Graded(Grade.NOTICE, Bump.PATCH, (Side.READER,)),
    What.KEY_REORDERED: _TOLD,
    What.HINT_ADDED: _FREE,
    What.HINT_CHANGED: _TOLD,
    What.COLUMNS_OPENED: _TOLD,
    What.MEANING_STATED: _FREE,
    What.MEANING_CHANGED: _BREAKS,
    What.DEPRECATED: _TOLD,
    What.DEPRECATION_WITHDRAWN: _FREE,
    What.ACTIVATED: _FREE,
    What.RETIRED: _TOLD,
    What.WITHDRAWN: _BREAKS,
    What.ADDRESS_CHANGED: _BREAKS,
    What.ACCESS_ADDED: _FREE,
    What.ACCESS_CHANGED: _BREAKS,
    What.ACCESS_REMOVED: _BREAKS,
    What.PRICE_LOWERED: _FREE,
    What.PRICE_RAISED: _BREAKS,
    What.NOTED: Graded(Grade.NOTICE, Bump.PATCH),
    What.DOCUMENTED: _WORDS,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` leads to it (`departures.dest.required`); before and after are the
    values as the contracts state them, None where one states none.

    `columns` are the columns of the table that it touches, by their stored names in the old
    contract (of an added one, in the new); none means all of them. `where` is the line of the new
    contract, or of the old one where nothing is left. `note` says what a person cannot see in the
    two values.
    """

    path: str
    what: What
    before: Any = None
    after: Any = None
    columns: tuple[str, ...] = ()
    note: str | None = None
    where: str | None = None

    @property
    def grade(self) -> Grade:
        return GRADED[self.what].grade

    @property
    def hurts(self) -> tuple[Side, ...]:
        return GRADED[self.what].hurts

    @property
    def bump(self) -> Bump:
        return GRADED[self.what].bump

    @property
    def message(self) -> str:
        """`departures.dest.enum: promise loosened, from [EWR, JFK] to [EWR, JFK, LGA]`."""
        told = f"{self.path}: {self.what}"
        match self.before, self.after:
            case None, None:
                values = ""
            case None, after:
                values = f", now {in_words(after)}"
            case before, None:
                values = f", was {in_words(before)}"
            case before, after:
                values = f", from {in_words(before)} to {in_words(after)}"
        return f"{told}{values}" + (f"; {self.note}" if self.note else "")


def in_words(value: Any, most: int = 80) -> str:
    """A value of a contract on one line, shortened."""
    match value:
        case None:
            text = "-"
        case bool():
            text = str(value).lower()
        case dict():
            text = "{" + ", ".join(f"{key}: {in_words(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            text = "[" + ", ".join(in_words(each) for each in value) + "]"
        case _:
            text = " ".join(str(value).split())
    return text if len(text) <= most else text[: most - 1] + "…"
