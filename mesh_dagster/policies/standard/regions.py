"""Sovereignty: data about people stays in the region that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.discovery import About
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import InputPort
from mesh_dagster.policies.examples import (
    COLUMNS,
    column,
    contract,
    custom,
    described,
    example,
    product,
    reads,
)
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.severities import ALWAYS
from mesh_dagster.policies.view import View
from mesh_dagster.registry.described import Described

ALLOWED = "allowedRegions"
"""The custom property of a product: other regions that its personal data may flow into."""


class RegionKept(Policy):
    """Personal data of one region does not flow into a product of another.

    A product belongs to the region that its custom property `region` states, else to that of its
    domain (`region` in domain.yaml). Whatever reads columns that are classified as personal, from
    a product that belongs to a region, has to belong to the same one, or to one that the product
    itself allows (`allowedRegions`). To read the other columns, or the port `masked`, is free:
    declare the columns that are read. It is asked along the lineage, of each product about those
    that it reads, when files are checked, before anything is published, and of each read.
    """

    id = "region-kept"
    rationale = "The law of the people in the data is that of where they are."
    moments = frozenset({Moment.BUILD, Moment.LOAD, Moment.PUBLISH, Moment.ACCESS})
    severity = ALWAYS

    def check(self, view: View) -> Iterator[Finding]:
        if view.moment is Moment.ACCESS:
            yield from self._of_read(view)
            return
        for port in view.product.inputs:
            if port.address is not None:
                yield from self._of_input(view, port, port.address)

    def _of_input(self, view: View, port: InputPort, address: Address) -> Iterator[Finding]:
        source = view.mesh.find(address)
        if source is None:
            return
        personal = _personal(source, address, port.columns)
        if not personal:
            return
        theirs = view.mesh.region(source)
        if theirs is None or view.region == theirs or view.region in _allowed(source):
            return
        own = f"belongs to {view.region}" if view.region else "says of no region that it is its own"
        yield self.finding(
            view,
            f"its input `{port.name}` reads {_some(personal)} of {address.path}: personal data of "
            f"{theirs}, and this product {own}",
            where=port.where,
            fix=_fix(source, address, bool(view.region), theirs),
        )

    def _of_read(self, view: View) -> Iterator[Finding]:
        asked = view.asked
        if asked is None or asked.region is None or view.region is None:
            return
        if asked.region.lower() in (view.region, *_allowed(view.described)):
            return
        personal = _personal(view.described, asked.port, asked.columns)
        if personal:
            yield self.finding(
                view,
                f"{_some(personal)} are personal data of {view.region}, and {asked.principal} "
                f"reads from {asked.region}",
                port=asked.port.port or "",
                fix=_fix(view.described, asked.port, True, view.region),
            )

    @staticmethod
    def passing() -> View:
        return _with_customers("eu")

    @staticmethod
    def failing() -> View:
        return _with_customers("us")


def _personal(source: Described, address: Address, columns: Sequence[str] | None) -> list[str]:
    """The personal columns among those that are read of a port."""
    found: Contract | None = source.contracts.get(address.port or "")
    if found is None:
        return []
    from mesh_dagster.policies.standard.personal import personal_columns

    return [each for each in personal_columns(found) if columns is None or each in columns]


def _allowed(source: Described) -> tuple[str, ...]:
    stated: Any = kept_value(source.product.rest, ALLOWED)
    listed = [stated] if isinstance(stated, str) else stated
    if not isinstance(listed, list | tuple):
        return ()
    return tuple(each.strip().lower() for each in listed if isinstance(each, str))


def _some(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    return ", ".join(f"`{each}`" for each in columns[:3]) + more


def _fix(source: Described, address: Address, said: bool, region: str) -> str:
    if "masked" in source.contracts:
        return f"read {address.of_product.with_port('masked')} instead"
    if not said:
        return f"customProperties: [{{property: region, value: {region}}}], where that is so"
    return "leave these columns out of the input's `columns`, or ask its owner for a masked port"


def _with_customers(region: str) -> View:
    customers = Address("crm", "customers", 1)
    held = contract(customers, [*COLUMNS, column("email", classification="pii")])
    home = described(product(customers), {"": held})
    return example(
        product(inputs=(reads("customers", customers),), rest=custom(region=region)),
        others=[home],
        domains=[About("crm", region="eu")],
    )
