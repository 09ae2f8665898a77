"""`mesh products`: what the mesh serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit_json, emit_styled, say
from mesh_dagster.cli.table import Column, render, terminal_width
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.life import end_of, life_of

if TYPE_CHECKING:
    from mesh_dagster.model.product import Product

_COLUMNS = [
    Column("PRODUCT", least=32),
    Column("VERSION"),
    Column("STAGE", colours={"stable": "green", "deprecated": "yellow", "retired": "red"}),
    Column("ARCHETYPE", least=14),
    Column("OWNER", least=12),
    Column("PURPOSE", least=30),
]
_WIDE = 130
"""From how many cells on the purpose has room; `mesh show` has it always."""


@click.command()
@as_json
def products(as_json: bool) -> None:
    """List the products of the mesh."""

    mesh = open_mesh()
    found = mesh.products()
    if as_json:
        emit_json([_plain(product) for product in found])
    elif found:
        columns = _COLUMNS if terminal_width() >= _WIDE else _COLUMNS[:-1]
        rows = [_row(product)[: len(columns)] for product in found]
        emit_styled(render(columns, rows).text)
        for product in found:
            if ends := end_of(product):
                say(f"{product.address.path} is {life_of(product)} {ends}")
    else:
        say("the mesh has no product yet: docs/first-product.md makes one")
    if mesh.listing.findings:
        say(f"{len(mesh.listing.findings)} findings in files of the mesh: mesh check")
    errors = (each for each in mesh.registry_findings if each.severity is Severity.ERROR)
    if unread := {each.subject.partition("/")[0] for each in errors}:
        domains = f"{len(unread)} domain" + ("s" if len(unread) > 1 else "")
        say(f"discovery documents of {domains} could not be read: mesh check")


def _row(product: Product) -> tuple[object, ...]:
    return (
        product.address.path,
        product.version,
        life_of(product).value,
        product.archetype.value,
        product.team,
        product.purpose,
    )


def _plain(product: Product) -> dict[str, Any]:
    return {
        "address": str(product.address),
        "sql_name": product.address.sql_name,
        "domain": product.address.domain,
        "version": product.version,
        "status": product.status,
        "stage": product.stage,
        "life": life_of(product),
        "deprecation": product.deprecation,
        "archetype": product.archetype,
        "team": product.team,
        "purpose": product.purpose,
        "inputs": [str(each.address or f"source:{each.source}") for each in product.inputs],
        "outputs": [str(each.address) for each in product.outputs],
        "tags": product.tags,
    }
