"""What all rules have in common, and those that count against a bound or a key.

There are many kinds, and every code location makes their classes when it starts: comparing and
showing are written once here, where a dataclass would write them anew for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform

from mesh_dagster.contracts.rules.bounds import NONE_ALLOWED, Bound
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.model.finding import Severity

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def rule(kind: type[T]) -> type[T]:
    """Make a kind of rule of a class below `Identity`: a frozen dataclass."""
    return dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)(kind)


@rule
class Identity:
    """What every rule has. `message` says what must hold, in one line, before any data.

    `column` is what a person is shown: a column's stored name, or the text of the `path` into
    one, which is None for a rule on a whole column or on the table.
    """

    kind: ClassVar[str]
    id: str
    message: str
    column: str | None = None
    dimension: str | None = None
    severity: Severity = Severity.ERROR
    where: str | None = field(default=None, compare=False)
    path: Path | None = None
    business_impact: str | None = None
    method: str | None = None
    schedule: str | None = None
    """When it is due (cron), where it is too dear for each publication."""
    scheduler: str | None = None
    classification: str | None = None
    deprecated: bool = False
    """Of the column, both: what is found in it may not be shown, or matters to nobody new."""

    @property
    def level(self) -> Path | None:
        """The list or map whose elements it counts; None where it counts rows."""
        return self.path.level if self.path else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Identity) or type(other) is not type(self):
            return NotImplemented
        return self._compared == other._compared

    def __hash__(self) -> int:
        return hash(self._compared)

    def __repr__(self) -> str:
        told = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self))
        return f"{type(self).__name__}({', '.join(told)})"

    @property
    def _compared(self) -> tuple[Any, ...]:
        return tuple(getattr(self, each.name) for each in fields(self) if each.compare)


@rule
class Bounded(Identity):
    """A rule that allows so many violations; without a word none."""

    bound: Bound = NONE_ALLOWED


@rule
class Keyed(Bounded):
    """A rule on a key of some columns.

    `paths`, as many as columns, lead to a key that is not of whole columns; all of them are of
    one level.
    """

    columns: tuple[str, ...]
    paths: tuple[Path, ...] = ()

    @property
    def level(self) -> Path | None:
        return self.paths[0].level if self.paths else None
