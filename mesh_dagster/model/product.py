"""What a data product is: who owns it, what it reads, what it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from mesh_dagster.model.address import Address


class Archetype(StrEnum):
    """Which need a product is shaped by (Dehghani, Data Mesh, ch. 2)."""

    SOURCE_ALIGNED = "source-aligned"
    AGGREGATE = "aggregate"
    CONSUMER_ALIGNED = "consumer-aligned"


class Stage(StrEnum):
    """Where in its life a product is (`model.life`).

    A descriptor states how much of the mesh an active product is ready for; the others follow
    from its `status`.
    """

    DRAFT = "draft"
    ALPHA = "alpha"
    """Its own domain reads it."""
    BETA = "beta"
    """One other domain reads it."""
    STABLE = "stable"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


STATED = (Stage.ALPHA, Stage.BETA, Stage.STABLE)
"""The stages that a descriptor can state."""


class Status(StrEnum):
    """Where in its life a product, port or contract is (ODPS and ODCS `status`)."""

    PROPOSED = "proposed"
    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


SERVED = (Status.ACTIVE, Status.DEPRECATED)
"""Those that an address without a version means, the first there is."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """How a product ends: the last day on which it is served (`sunset`), what there is `instead`,
    and why."""

    sunset: date | None = None
    instead: Address | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class InputPort:
    """A declared upstream: another product's output port, or a source system.

    Exactly one of `address` and `source` is set; `source` is the name of the external system's
    data (`source:<system>/<name>` in the descriptor). `columns` are those that it reads of
    another product's port, and all that it gets (customProperty `columns`); None is every one.
    `purpose` is what it is read for (customProperty): where it is read by grant, that of the grant.
    """

    name: str
    version: str
    address: Address | None = None
    source: str | None = None
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class OutputPort:
    """A read-only interface of the product; its address has no port name if it is the first."""

    name: str
    version: str
    address: Address
    description: str | None = None
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the owning team and what the team knows him as (owner, developer, expert)."""

    username: str
    role: str | None = None
    name: str | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """A data product's descriptor (Bitol ODPS 1.x). `address` always has its major.

    `rest` keeps what the standard allows and the mesh does not use, so that writing a
    descriptor gives back what was read.
    """

    address: Address
    version: str
    status: Status
    archetype: Archetype
    stage: Stage = Stage.ALPHA
    purpose: str | None = None
    limitations: str | None = None
    usage: str | None = None
    inputs: tuple[InputPort, ...] = ()
    outputs: tuple[OutputPort, ...] = ()
    team: str | None = None
    members: tuple[Member, ...] = ()
    tags: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    deprecation: Deprecation | None = None
    api_version: str = "v1.0.0"
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)

    def output(self, port: str | None) -> OutputPort | None:
        """The output port of a name; None is the first, which is the default."""
        ports = [output for output in self.outputs if output.address.port == port]
        return ports[0] if ports else None

    @property
    def upstreams(self) -> tuple[Address, ...]:
        """The products that it reads, without a major where it reads whichever is the newest."""
        return tuple(each.address.of_product for each in self.inputs if each.address is not None)

    def reads(self, product: Address) -> bool:
        """Whether an input is of a product: one that names no major may be of any."""
        return not {product, replace(product, major=None)}.isdisjoint(self.upstreams)

    def input(self, name: str) -> InputPort | None:
        ports = [port for port in self.inputs if port.name == name]
        return ports[0] if ports else None
