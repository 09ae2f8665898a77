"""What an output port promises: schema, quality, service levels (Bitol ODCS 3.x)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_dagster.model.finding import Severity
from mesh_dagster.model.mask import OPEN, Mask
from mesh_dagster.model.product import Status
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.types import ColumnType

RECORDED_AT = "_recorded_at"
"""The platform's column, last in every port: when an attempt began. Contracts do not name it."""


def names_others(name: str) -> bool:
    """Whether Polars takes a column's name for a pattern, and so reads other columns by it."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


@dataclass(frozen=True, slots=True)
class Relationship:
    """A foreign key: values of `columns` exist in `target_columns` of the target.

    `target` is `<domain>/<product>/v<major>[/<port>]` for another product's port (declared in
    ODCS as `<address path>.yaml#schema/<object>/properties/<column>`), or None when it lies in
    the same contract, in the schema object `target_object`.
    """

    columns: tuple[str, ...]
    target: str | None
    target_object: str
    target_columns: tuple[str, ...]
    severity: Severity = Severity.WARNING
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality rule as the contract states it, before it is compiled.

    `type` is `library`, `sql`, `custom` or `text`; a rule has exactly one `operator` (such as
    `mustBeGreaterThan`) with its `threshold`; `arguments` are the metric's own.
    """

    type: str
    metric: str | None = None
    operator: str | None = None
    threshold: Any = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    unit: str | None = None
    name: str | None = None
    dimension: str | None = None
    severity: Severity = Severity.ERROR
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Property:
    """One column (or nested field) of a schema object.

    `type` is what is stored; None where the contract names no type the mesh knows.
    `primary_key` is its 1-based position in the key. `options` are ODCS logicalTypeOptions.
    What lies in it: `properties` of an object, `items` of an array, `key` and `value` of a map.
    """

    name: str
    logical_type: str | None = None
    physical_type: str | None = None
    physical_name: str | None = None
    type: ColumnType | None = None
    required: bool = False
    unique: bool = False
    primary_key: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None
    classification: str | None = None
    entity: str | None = None
    relationships: tuple[Relationship, ...] = ()
    quality: tuple[Quality, ...] = ()
    properties: tuple[Property, ...] = ()
    items: Property | None = None
    key: Property | None = None
    value: Property | None = None
    deprecated: bool = False
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)
    mask: Mask | None = None
    """What the port `masked` has of it (customProperty `mask`); None: what its class says."""

    @property
    def column(self) -> str:
        """The name under which the column is stored."""
        return self.physical_name or self.name

    @property
    def mandatory(self) -> bool:
        """Whether every row has it: it says so, or it is a part of the primary key."""
        return self.required or self.primary_key is not None

    @property
    def elements(self) -> tuple[tuple[str, Property], ...]:
        """What an array holds (`[]`), or a map (`[key]`, `[value]`)."""
        held = (("[]", self.items), ("[key]", self.key), ("[value]", self.value))
        return tuple((name, each) for name, each in held if each is not None)

    @property
    def parts(self) -> tuple[Property, ...]:
        """All that lies in it directly."""
        return (*self.properties, *(each for _, each in self.elements))

    @property
    def confidential(self) -> bool:
        """Whether its classification, or a mask, keeps its values from being shown."""
        if self.mask is not None:
            return True
        return (self.classification or "public").strip().lower() not in OPEN

    @property
    def hidden(self) -> bool:
        """Whether it, or something in it, is confidential."""
        return self.confidential or any(each.hidden for each in self.parts)


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """One table of a contract.

    `additional` is how bad a column is that it does not name; None: there may be others.
    """

    name: str
    properties: tuple[Property, ...] = ()
    quality: tuple[Quality, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    description: str | None = None
    event_time: str | None = None
    """The column that says when a fact happened (customProperty `eventTime`)."""
    additional: Severity | None = Severity.ERROR
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stored(self) -> str:
        """The name under which the table is stored."""
        return str(self.rest.get("physicalName") or self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """As the contract calls it, and as it is stored where that is another name."""
        return tuple(dict.fromkeys((self.name, self.stored)))

    @property
    def links(self) -> tuple[Relationship, ...]:
        """The foreign keys of its columns and of itself."""
        of_columns = (link for each in self.properties for link in each.relationships)
        return (*of_columns, *self.relationships)

    def find(self, name: str) -> Property | None:
        """The property of a name, logical or stored."""
        found = [each for each in self.properties if name in (each.name, each.column)]
        return found[0] if found else None

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in their declared order."""
        keyed = [each for each in self.properties if each.primary_key is not None]
        return tuple(each.column for each in sorted(keyed, key=lambda each: each.primary_key or 0))


@dataclass(frozen=True, slots=True)
class Contract:
    """The promise of one output port. `id` is the port's address as text.

    A port serves the first schema object; `rest` keeps what the standard allows and the mesh
    does not use, so that writing a contract gives back what was read.
    """

    id: str
    version: str
    status: Status
    schema: tuple[SchemaObject, ...] = ()
    service_levels: tuple[ServiceLevel, ...] = ()
    description: Mapping[str, Any] = field(default_factory=dict)
    api_version: str = "v3.1.0"
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> SchemaObject:
        """The schema object that the port serves."""
        return self.schema[0]

    def object_named(self, name: str | None) -> SchemaObject | None:
        """The schema object of a name, logical or stored; of None the one that the port serves."""
        if name is None:
            return self.table
        found = [each for each in self.schema if name in each.names]
        return found[0] if found else None

    def confidential_columns(self, table: str | None = None) -> frozenset[str]:
        """The columns, as stored, of which some value is not for everybody."""
        here = self.object_named(table) if self.schema else None
        columns = here.properties if here else ()
        return frozenset(each.column for each in columns if each.hidden)

    def service_level(self, name: str) -> ServiceLevel | None:
        found = [level for level in self.service_levels if level.name == name]
        return found[0] if found else None
