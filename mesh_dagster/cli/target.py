"""The product, or the domain, that a command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from mesh_dagster.cli.output import say
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.address import SCHEME, Address, is_name

if TYPE_CHECKING:
    from mesh_dagster.model.domain import Domain
    from mesh_dagster.products.mesh import Mesh


class _AddressText(click.ParamType[Address]):
    """Reads an address as any spelling that people have for it: path, URL or SQL name."""

    name = "address"

    def convert(
        self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        return value if isinstance(value, Address) else Address.read(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return complete_addresses(ctx, param, incomplete)


ADDRESS = _AddressText()


class _SubjectText(click.ParamType[Address | str]):
    """The name of a domain, or the address of a product in any spelling."""

    name = "subject"

    def convert(
        self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address | str:
        return value if isinstance(value, Address) or is_name(value) else Address.read(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return complete_addresses(ctx, param, incomplete)


SUBJECT = _SubjectText()


def complete_addresses(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The addresses that go on like this; versions and ports where a product is already named."""
    from mesh_dagster.products.mesh import Mesh

    scheme = SCHEME if incomplete.startswith(SCHEME) else ""
    begun = incomplete.removeprefix(scheme)
    try:
        products = Mesh.open().products()
    except MeshError:
        return []
    found: dict[str, str | None] = {}
    for each in products:
        short = f"{each.address.domain}/{each.address.product}"
        ports = [port.address.path for port in each.outputs] if begun.startswith(short) else []
        for path in (short, *ports):
            if path.startswith(begun):
                found.setdefault(path, each.purpose)
    return [CompletionItem(scheme + path, help=told) for path, told in found.items()]


def complete_examples(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The example queries, of the product that is named before, that go on like this."""
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.products.reading.examples import examples_of

    try:
        known = examples_of(Mesh.open(), Address.read(str(ctx.params.get("asked"))))
    except MeshError:
        return []
    return [
        CompletionItem(each.name, help=each.title)
        for each in known
        if each.name.startswith(incomplete)
    ]


def open_mesh() -> Mesh:
    """The mesh of the current folder; what is suspicious in its mesh.yaml is said on the way.

    `mesh check` has it among its findings, and opens the mesh itself.
    """
    from mesh_dagster.products.mesh import Mesh

    mesh = Mesh.open()
    for each in mesh.config.warnings:
        say(str(each))
    return mesh


def domains_here(mesh: Mesh, name: str | None) -> list[Domain]:
    """The domains of this checkout, or the one of a name. Raises `UsageError`."""
    found = [each for each in mesh.domains if name in (None, each.name)]
    if name is not None and not found:
        from mesh_dagster.descriptors.suggest import did_you_mean

        hint = did_you_mean(name, mesh.domain_names)
        raise UsageError(f"this checkout has no domain {name!r}{hint}")
    return found
