"""Where in a row a rule looks: a column, or what lies in its structs, lists and maps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Into(Enum):
    """A step from a list or a map to all of what it holds."""

    ITEM = "[]"
    KEY = "[key]"
    VALUE = "[value]"


Step = str | Into
"""Into a field of a struct, by its stored name, or into the elements of a list or map."""


@dataclass(frozen=True, slots=True)
class Path:
    """`items[].sku`: a column and the steps into it."""

    column: str
    steps: tuple[Step, ...] = ()

    def into(self, *steps: Step) -> Path:
        """The path of what lies in this one."""
        return Path(self.column, (*self.steps, *steps))

    @property
    def level(self) -> Path | None:
        """The list or map whose elements are counted; None where they are the table's rows."""
        last = [at for at, step in enumerate(self.steps) if isinstance(step, Into)]
        return Path(self.column, self.steps[: last[-1] + 1]) if last else None

    @property
    def fields(self) -> tuple[str, ...]:
        """The steps from an element of its level, or from the column, all into structs."""
        own = self.steps[len(self.level.steps) if self.level else 0 :]
        return tuple(step for step in own if isinstance(step, str))

    @property
    def words(self) -> str:
        """The path as a part of a rule's id: `items_items_sku`, `attrs_key`."""
        spoken = (_SPOKEN[step] if isinstance(step, Into) else step for step in self.steps)
        return "_".join([self.column, *spoken])

    def __str__(self) -> str:
        told = (step.value if isinstance(step, Into) else f".{step}" for step in self.steps)
        return self.column + "".join(told)


_SPOKEN = {Into.ITEM: "items", Into.KEY: "key", Into.VALUE: "value"}
