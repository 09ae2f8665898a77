"""`diff(old, new)`: every change of a contract, graded, and the version that they take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mesh_dagster.contracts.evolution.change import Bump, Change, Grade, worst
from mesh_dagster.contracts.evolution.corrections import corrected
from mesh_dagster.contracts.evolution.fields import CONTRACT, changed_fields
from mesh_dagster.contracts.evolution.life import of_status
from mesh_dagster.contracts.evolution.offer import of_offer
from mesh_dagster.contracts.evolution.service_levels import of_service_levels
from mesh_dagster.contracts.evolution.tables import of_tables
from mesh_dagster.contracts.evolution.versions import required, suffices
from mesh_dagster.model.contract import Contract


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes from one contract to another, and the two versions.

    A change of the version alone is none.
    """

    changes: tuple[Change, ...]
    before: str
    after: str

    @property
    def grade(self) -> Grade | None:
        """The gravest of its changes."""
        return worst(change.grade for change in self.changes)

    @property
    def bump(self) -> Bump:
        """What the changes take together."""
        return max((change.bump for change in self.changes), default=Bump.NONE)

    @property
    def wanted(self) -> str | None:
        """The lowest version that says all of it; None where the old one is no version."""
        return required(self.before, self.bump)

    @property
    def bumped(self) -> bool:
        """Whether the new version says at least as much as has changed."""
        return suffices(self.before, self.after, self.bump)

    @property
    def breaking(self) -> tuple[Change, ...]:
        return tuple(each for each in self.changes if each.grade is Grade.BREAKING)


def diff(old: Contract, new: Contract) -> Diff:
    """Every difference between two contracts, whatever versions they state.

    The order of tables, columns, rules and other lists that have names in them is no difference.
    """
    return Diff(tuple(corrected(_changes(old, new), old, new)), old.version, new.version)


def _changes(old: Contract, new: Contract) -> Iterator[Change]:
    if old == new:
        return
    yield from of_status(old, new)
    yield from of_tables(old, new)
    yield from of_service_levels(old, new)
    yield from of_offer(old, new)
    for change in changed_fields(old, new, CONTRACT, ""):
        yield _at_the_top(change)


def _at_the_top(change: Change) -> Change:
    return replace(change, path=change.path.removeprefix("."))
