"""Small products for the examples of policies: what is not given is as it should be.

def failing() -> View:
    return example(columns=[column("amount", description=None)])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.discovery import About, ObservedRead
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import (
    Archetype,
    InputPort,
    Member,
    OutputPort,
    Product,
    Stage,
    Status,
)
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.model.wiring import Wiring
from mesh_dagster.policies.around import MeshView
from mesh_dagster.policies.view import Asked, Sample, View
from mesh_dagster.registry.described import Described

ORDERS = Address("shop", "orders", 1)
SHOP = About("shop", "Shop Operations", "shop@company.example")
PEOPLE = (
    Member("ada@company.example", "owner", "Ada"),
    Member("bo@company.example", "developer", "Bo"),
)
FILE = "product.odps.yaml:1"
NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
KINDS = {
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMPTZ,
    "string": Kind.STRING,
    "integer": Kind.LONG,
    "number": Kind.DOUBLE,
    "boolean": Kind.BOOLEAN,
}


def custom(**values: Any) -> dict[str, Any]:
    """The `rest` of something with these custom properties."""
    return {"customProperties": [{"property": key, "value": each} for key, each in values.items()]}


def column(name: str, logical_type: str = "string", **changes: Any) -> Property:
    """A column of a contract that is described and classified."""
    kind = KINDS.get(logical_type)
    given = {
        "type": ColumnType(kind) if kind else None,
        "description": f"The {name} of an order.",
        "classification": "public",
        "where": "contract.odcs.yaml:9",
        **changes,
    }
    return Property(name, logical_type, **given)


COLUMNS = (
    column("order_id", "integer", required=True, primary_key=1, entity="order"),
    column("ordered_at", "timestamp", required=True),
    column("amount", "number"),
)
LEVELS = (
    ServiceLevel("frequency", 1, "d", where="contract.odcs.yaml:30"),
    ServiceLevel("freshness", 26, "h", where="contract.odcs.yaml:31"),
    ServiceLevel("retention", 90, "d", where="contract.odcs.yaml:32"),
)


def product(address: Address = ORDERS, **changes: Any) -> Product:
    """A stable product of one port that reads a source system."""
    found = Product(
        address=address,
        version=f"{address.major}.0.0",
        status=Status.ACTIVE,
        archetype=Archetype.SOURCE_ALIGNED,
        stage=Stage.STABLE,
        purpose="Every order that was placed.",
        limitations="Without orders of the marketplace.",
        usage="One row an order.",
        inputs=(InputPort("orders_file", "1.0.0", source="erp/orders", where=FILE),),
        outputs=(output(address),),
        team="Shop Operations",
        members=PEOPLE,
        use_cases=("Forecast what is sold",),
        where=FILE,
    )
    return replace(found, **changes)


def output(address: Address, **changes: Any) -> OutputPort:
    """An output port of a product."""
    name = address.port or address.product
    given = {"description": "One row an order.", "where": FILE, **changes}
    return OutputPort(name, f"{address.major}.0.0", address, **given)


def reads(name: str, address: Address, **changes: Any) -> InputPort:
    """An input port on another product."""
    return InputPort(name, "1.0.0", address=address, where=FILE, **changes)


def contract(
    address: Address = ORDERS,
    columns: Iterable[Property] = COLUMNS,
    levels: Iterable[ServiceLevel] = LEVELS,
    table: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Contract:
    """The contract of a port; `table` changes its schema object."""
    given = {"description": "One row an order.", "event_time": "ordered_at", **(table or {})}
    held = SchemaObject(address.product, tuple(columns), where="contract.odcs.yaml:7", **given)
    found = Contract(
        id=str(address),
        version=f"{address.major}.0.0",
        status=Status.ACTIVE,
        schema=(held,),
        service_levels=tuple(levels),
        where="contract.odcs.yaml:1",
    )
    return replace(found, **changes)


def described(
    of: Product | None = None, contracts: Mapping[str, Contract] | None = None
) -> Described:
    """A product with its contracts: those given, or a good one for each of its ports."""
    found = of or product()
    made = {each.address.port or "": contract(each.address) for each in found.outputs}
    return Described(found, {**made, **(contracts or {})})


def example(
    of: Described | Product | None = None,
    *,
    columns: Iterable[Property] | None = None,
    domain: About = SHOP,
    people: Sequence[Member] = PEOPLE,
    others: Iterable[Described | Product] = (),
    domains: Iterable[About] = (),
    moment: Moment = Moment.BUILD,
    now: datetime = NOW,
    wiring: Wiring | None = None,
    asked: Asked | None = None,
    observed: Sequence[ObservedRead] | None = None,
    samples: Mapping[str, Sample] | None = None,
    before: Described | None = None,
    proven: frozenset[Stage] | None = None,
) -> View:
    """A view of a product with a mesh of `others` around it.

    `columns` are those of its first port; `observed` are the reads that were really made.
    """
    subject = of if isinstance(of, Described) else described(of)
    if columns is not None:
        first = contract(subject.product.address, columns)
        subject = replace(subject, contracts={**subject.contracts, "": first})
    there = [each if isinstance(each, Described) else described(each) for each in others]
    return View(
        described=subject,
        domain=domain,
        mesh=MeshView.of([subject, *there], [domain, *domains]),
        moment=moment,
        people=tuple(people),
        wiring=wiring,
        asked=asked,
        now=now,
        find_reads=lambda: observed,
        find_samples=lambda: samples,
        find_before=lambda: before,
        find_proven=lambda: proven,
    )
