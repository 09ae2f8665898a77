"""The product that a command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import say
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
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


def open_mesh() -> Mesh:
    """The mesh of the current folder; what is suspicious in its mesh.yaml is said on the way.

    `mesh check` has it among its findings, and opens the mesh itself.
    """
    from mesh_dagster.products.mesh import Mesh

    mesh = Mesh.open()
    for each in mesh.config.warnings:
        say(str(each))
    return mesh
