"""The columns of a port, with what lies in them."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.policies.view import View

_DERIVED = "maskedFrom"
"""The custom property of a contract that is derived from another: nobody wrote it."""


def stated_contracts(view: View) -> Iterator[tuple[str, Contract]]:
    """The contracts that somebody wrote, by the name of the port."""
    for port, contract in view.contracts.items():
        if kept_value(contract.rest, _DERIVED) is None:
            yield port, contract


def stated_columns(view: View) -> Iterator[tuple[str, Property]]:
    """The columns of these contracts, as (name of the port, column)."""
    for port, contract in stated_contracts(view):
        for table in contract.schema[:1]:
            for column in table.properties:
                yield port, column


def columns_of(contract: Contract) -> Iterator[tuple[str, Property]]:
    """Every column of the table that a port serves, and all that lies in one, by its path."""
    for table in contract.schema[:1]:
        for each in table.properties:
            yield from with_parts(each.name, each)


def with_parts(path: str, column: Property) -> Iterator[tuple[str, Property]]:
    """A column, and all that lies in it: `address`, `address.city`, `tags`, `tags[]`."""
    yield path, column
    if column.properties or column.items or column.key or column.value:
        for each in column.properties:
            yield from with_parts(f"{path}.{each.name}", each)
        for mark, each in column.elements:
            yield from with_parts(f"{path}{mark}", each)


def is_closed(column: Property) -> bool:
    """Whether it, or all that it is known to hold, is kept from being shown."""
    return column.confidential or any(is_closed(each) for each in column.parts)
