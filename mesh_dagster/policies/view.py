"""What a policy looks at: one product, its domain, the mesh around it, and what the moment adds.

A value: whatever of it is dear to find is found when the first policy asks for it, once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.discovery import About, ObservedRead
from mesh_dagster.model.life import life_of
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.principal import Principal
from mesh_dagster.model.product import Member, Product, Stage
from mesh_dagster.model.wiring import Wiring
from mesh_dagster.policies.around import MeshView
from mesh_dagster.registry.described import Described

Sample = Mapping[str, Sequence[Any]]
"""Some values of each column of a port, by the name under which it is stored. No nulls."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A read that somebody asks for. `port` is the output port that is to be read.

    `domain` is the domain that reads, `reader` the product that does where it is an input port of
    one, `region` where that is. `columns` None: all of them.
    """

    port: Address
    principal: Principal
    domain: str | None = None
    reader: Product | None = None
    region: str | None = None
    purpose: str | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class View:
    """One product as a policy sees it.

    `people` are all members that its descriptor, its contracts and its domain name. `wiring` is
    there where its files are. `today` is the day by the mesh's clock.

    What is dear comes from the `find_…` functions, each asked at most once, by the properties
    below; None of them means that nobody can tell at this moment, and a policy says nothing then.
    """

    described: Described
    domain: About
    mesh: MeshView
    moment: Moment = Moment.BUILD
    people: tuple[Member, ...] = ()
    wiring: Wiring | None = None
    asked: Asked | None = None
    """At `Moment.ACCESS`: the read."""
    now: datetime = datetime(1, 1, 1, tzinfo=UTC)
    find_reads: Callable[[], Sequence[ObservedRead] | None] = field(default=lambda: None)
    find_samples: Callable[[], Mapping[str, Sample] | None] = field(default=lambda: None)
    find_before: Callable[[], Described | None] = field(default=lambda: None)
    find_proven: Callable[[], frozenset[Stage] | None] = field(default=lambda: None)

    @property
    def product(self) -> Product:
        return self.described.product

    @property
    def address(self) -> Address:
        return self.described.product.address

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """By the name of the port; the first one's is empty."""
        return self.described.contracts

    @property
    def today(self) -> date:
        return self.now.date()

    @cached_property
    def stage(self) -> Stage:
        """Where in its life the product is."""
        return life_of(self.product)

    @cached_property
    def region(self) -> str | None:
        """The region that the product's data belongs to; None where nobody says."""
        return self.mesh.region(self.described)

    @cached_property
    def reads(self) -> Sequence[ObservedRead] | None:
        """What was really read at each input port: by this attempt, or by the newest one."""
        return self.find_reads()

    @cached_property
    def samples(self) -> Mapping[str, Sample] | None:
        """Some of the values that are staged, or published, by the name of the port."""
        return self.find_samples()

    @cached_property
    def before(self) -> Described | None:
        """The product as its domain's document tells it: what readers were promised last."""
        return self.find_before()

    @cached_property
    def proven(self) -> frozenset[Stage] | None:
        """The stages to which it was promoted on the record."""
        return self.find_proven()

    def columns(self) -> Iterator[tuple[str, Property]]:
        """Every column of every port, as (name of the port, column)."""
        for port, contract in self.described.contracts.items():
            for table in contract.schema[:1]:
                for column in table.properties:
                    yield port, column

    def stated(self, name: str) -> Any:
        """The value of a custom property of the product that the mesh has no field for."""
        return kept_value(self.product.rest, name)
