"""The column of a port that a command line names: `flights/departures.dep_delay`."""

from __future__ import annotations

from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from mesh_dagster.cli.target import complete_addresses
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address


class Target(NamedTuple):
    """A port, and one of its columns where one is named."""

    address: Address
    column: str | None


class _TargetText(click.ParamType[Target]):
    """An address in any spelling, with `.column` behind it or not."""

    name = "address[.column]"

    def convert(
        self, value: str | Target, param: click.Parameter | None, ctx: click.Context | None
    ) -> Target:
        if isinstance(value, Target):
            return value
        start, slash, last = value.rpartition("/")
        if slash:
            name, dot, column = last.partition(".")
            return Target(Address.read(f"{start}/{name}"), column if dot else None)
        domain, _, rest = value.partition(".")
        product, dot, column = rest.partition(".")
        return Target(Address.read(f"{domain}.{product}"), column if dot else None)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, dot, begun = incomplete.rpartition(".")
        if not dot or "/" not in before:
            return complete_addresses(ctx, param, incomplete)
        from mesh_dagster.products.mesh import Mesh

        try:
            mesh = Mesh.open()
            address = mesh.resolve(Address.read(before))
            contract = mesh.contract(address)
        except (MeshError, KeyError):
            return []
        names = [each.column for each in contract.table.properties]
        return [CompletionItem(f"{before}.{name}") for name in names if name.startswith(begun)]


TARGET = _TargetText()
