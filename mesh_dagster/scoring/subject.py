"""What a score is of: one product, as its files declare it and as it was seen.

Nothing here counts rows: how many of them a product has says nothing of how good it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.descriptors.masked import FROM
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.discovery import About, ExampleQuery, LevelStanding
from mesh_dagster.registry.described import Described


@dataclass(frozen=True, slots=True)
class Failing:
    """A rule that the newest audits say does not hold. `where` is the `file:line` that has it."""

    rule: str
    kind: str
    port: str = ""
    blocks: bool = True
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of a product, by its domain's journal or, elsewhere, by its document.

    `served` are the ports that the newest publication has; the first has no name. `delivered`:
    its lineage has arrived where it was to go.
    """

    registered: bool = False
    number: int | None = None
    at: datetime | None = None
    served: frozenset[str] = frozenset()
    audited: bool = False
    failing: tuple[Failing, ...] = ()
    waits: bool = False
    levels: tuple[LevelStanding, ...] = ()
    delivered: bool = False
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By port the columns of which it is known what they are made of."""
    tells_events: bool = False
    """Whether everybody is told when the newest fact happened."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One product to be scored. `unresolved` are the addresses that it names and nobody serves."""

    described: Described
    about: About
    observed: Observed = Observed()
    queries: tuple[ExampleQuery, ...] = ()
    unresolved: frozenset[Address] = frozenset()

    @property
    def path(self) -> str:
        return self.described.product.address.path

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The contract of each port that has a table; the first port has no name.

        A port that is made by masks says nothing of its own.
        """
        stated = self.described.contracts.items()
        return {port: each for port, each in stated if each.schema and not _is_derived(each)}

    @property
    def masked(self) -> frozenset[str]:
        """The columns of ports that are made by masks: who may see those may see them so."""
        derived = [e for e in self.described.contracts.values() if e.schema and _is_derived(e)]
        return frozenset(each.column for one in derived for each in one.table.properties)

    @property
    def ports(self) -> tuple[str, ...]:
        return tuple(each.address.port or "" for each in self.described.product.outputs)

    @property
    def promised(self) -> tuple[str, ...]:
        """The ports that promise something of their own."""
        known = self.contracts
        return tuple(each for each in self.ports if each in known)

    def columns(self) -> Iterator[tuple[str, Property]]:
        """Every column of every port."""
        for port, contract in self.contracts.items():
            yield from ((port, each) for each in contract.table.properties)


def _is_derived(contract: Contract) -> bool:
    return kept_value(contract.rest, FROM) is not None
