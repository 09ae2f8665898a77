"""The example queries of a product, from its files here or from its domain's document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mesh_dagster.descriptors.queries import read_queries
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import ExampleQuery
from mesh_dagster.products.mesh import Mesh


def examples_of(mesh: Mesh, address: Address) -> tuple[ExampleQuery, ...]:
    """All examples of a product, by name. Raises `UnknownAddress`."""
    product = mesh.resolve(address).of_product
    for each in mesh.listing.products:
        if each.product.address == product:
            return read_queries(each.folder)
    return mesh.described(product).facts.queries


def with_rows(
    queries: Iterable[ExampleQuery], told: Iterable[ExampleQuery]
) -> tuple[ExampleQuery, ...]:
    """Queries as their files have them, each with the rows that were told of the same text."""
    known = {each.sql: each for each in told}
    return tuple(
        replace(known[each.sql], name=each.name, title=each.title) if each.sql in known else each
        for each in queries
    )


def example(mesh: Mesh, address: Address, name: str) -> ExampleQuery:
    """The example of a name, with or without `.sql`. Raises `UnknownAddress` if there is none."""
    known = {each.name: each for each in examples_of(mesh, address)}
    found = known.get(name.removesuffix(".sql"))
    if found is None:
        raise UnknownAddress(
            f"{address.path} has no example query {name[:100]!r}{did_you_mean(name, known)}",
            code="MESH-M069",
            fix=f"mesh query {address.path}",
        )
    return found
