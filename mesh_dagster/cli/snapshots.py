"""`mesh snapshots` and `mesh rollback`: the publications of a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.model.snapshot import Publication

_COLUMNS = [
    Column("NUMBER", right=True),
    Column("PUBLISHED AT (UTC)"),
    Column("WHY", least=8),
    Column("PARTITIONS", least=10),
    Column("ROWS", right=True),
    Column("CONTRACT"),
]


@click.command()
@click.argument("address", type=ADDRESS)
@as_json
def snapshots(address: Address, as_json: bool) -> None:
    """List the publications of a product, the newest first."""
    from mesh_dagster.products.reading.snapshots import snapshots as published

    mesh = open_mesh()
    product = mesh.resolve(address).of_product
    found = published(mesh, product)
    if as_json:
        return emit_json(found)
    if not found:
        return say(f"{product.path} has never been published")
    return emit_styled(render(_COLUMNS, [_row(each, address.port) for each in found]).text)


@click.command()
@click.argument("address", type=ADDRESS)
@click.option("--to", required=True, metavar="PUBLICATION", help="Its number, or its id.")
@as_json
def rollback(address: Address, to: str, as_json: bool) -> None:
    """Publish the state of an earlier publication again, on the record."""
    from mesh_dagster.products.deciding.rollback import rollback as publish_again

    mesh = open_mesh()
    product = mesh.load(address)
    publication = publish_again(mesh, product, to)
    if as_json:
        return emit_json(publication)
    path = product.product.address.path
    return emit(f"{path}: publication {publication.number} has the state of {to} again")


def _row(publication: Publication, port: str | None) -> tuple[object, ...]:
    state = publication.ports[port or ""]
    return (
        publication.number,
        moment(publication.at),
        publication.kind.value,
        span(publication.partitions),
        state.rows,
        publication.contracts.get(port or ""),
    )


def span(partitions: tuple[str, ...] | None) -> str:
    """`7 from 2013-11-01`; one by its key; all of a product without partitions."""
    if partitions is None:
        return "all"
    if len(partitions) < 2:
        return "".join(partitions)
    return f"{len(partitions)} from {min(partitions)}"
