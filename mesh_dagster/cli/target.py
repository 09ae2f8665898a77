"""The product that a command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesh_dagster.model.domain import LoadedProduct
    from mesh_dagster.products.mesh import Mesh


class _AddressText(click.ParamType[Address]):
    """Reads an address as any spelling that people have for it: path, URL or SQL name."""

    name = "address"

    def convert(
        self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        if isinstance(value, Address):
            return value
        return (
            Address.from_sql(value) if "/" not in value and "." in value else Address.parse(value)
        )


ADDRESS = _AddressText()


def loaded_all(mesh: Mesh, address: Address | None) -> Iterator[LoadedProduct]:
    """The product of an address; without one, every product whose files are here."""
    if address is not None:
        yield mesh.load(address)
        return
    for product in sorted(mesh.own(), key=lambda each: each.address):
        yield mesh.load(product.address)
