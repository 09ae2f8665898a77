"""The columns of a port, with what lies in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.policies.view import View

Leaf = tuple[str, Property, Sequence[Any]]
"""Its path, itself, and some of its values."""

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


def open_leaves(column: Property, values: Sequence[Any] = ()) -> Iterator[Leaf]:
    """What of a column everybody may see: itself, the fields of a structure, what a list holds.

    Each has its path, and its part of the values. What is classified closes all that lies in it.
    """
    yield from _open(column.name, column, values)


def _open(path: str, column: Property, values: Sequence[Any]) -> Iterator[Leaf]:
    if column.confidential:
        return
    if column.properties:
        for each in column.properties:
            held = [value.get(each.column) for value in values if isinstance(value, Mapping)]
            yield from _open(f"{path}.{each.name}", each, held)
    elif column.items is not None:
        held = [one for value in values if isinstance(value, list | tuple) for one in value]
        yield from _open(f"{path}[]", column.items, held)
    else:
        yield path, column, values


def is_closed(column: Property) -> bool:
    """Whether nothing of it is for everybody to see."""
    return next(open_leaves(column), None) is None
