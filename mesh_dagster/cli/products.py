"""`mesh products`: what the mesh serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, say
from mesh_dagster.cli.table import Column, render

if TYPE_CHECKING:
    from mesh_dagster.model.product import Product

_COLUMNS = [
    Column("PRODUCT", least=24),
    Column("VERSION"),
    Column("STATUS", colours={"active": "green", "deprecated": "yellow", "retired": "red"}),
    Column("ARCHETYPE", least=8),
    Column("OWNER", least=8),
    Column("PURPOSE", least=12),
]


@click.command()
@as_json
def products(as_json: bool) -> None:
    """List the products of the mesh."""
    from mesh_dagster.products.mesh import Mesh

    found = Mesh.open().products()
    if as_json:
        emit_json([_plain(product) for product in found])
    elif found:
        emit(render(_COLUMNS, [_row(product) for product in found]).text)
    else:
        say("the mesh has no product yet: docs/first-product.md makes one")


def _row(product: Product) -> tuple[object, ...]:
    return (
        product.address.path,
        product.version,
        product.status.value,
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
        "archetype": product.archetype,
        "team": product.team,
        "purpose": product.purpose,
        "inputs": [str(each.address or f"source:{each.source}") for each in product.inputs],
        "outputs": [str(each.address) for each in product.outputs],
        "tags": product.tags,
    }
