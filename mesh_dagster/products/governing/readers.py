"""Who reads a product as it is now, and would have to do without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.life import life_of
from mesh_dagster.model.product import Product, Stage
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.described import Described


@dataclass(frozen=True, slots=True)
class Dependent:
    """A product that another one needs: `how` in words, `where` that is said."""

    product: Product
    how: str
    where: str | None = None

    @property
    def path(self) -> str:
        return self.product.address.path

    @property
    def domain(self) -> str:
        return self.product.address.domain


def readers(mesh: Mesh, product: Address) -> tuple[Dependent, ...]:
    """The products of the whole mesh with an input port on one, each once, by address.

    An input that names no major is of the newest that is served. What is retired reads nothing.
    """
    found = (
        Dependent(each, f"reads it at its input port `{port.name}`", port.where)
        for each in mesh.products()
        if each.address != product and life_of(each) is not Stage.RETIRED
        for port in each.inputs
        if port.address is not None and _means(mesh, port.address, product)
    )
    return tuple({each.product.address: each for each in found}.values())


def dependents(mesh: Mesh, product: Address) -> tuple[Dependent, ...]:
    """The same, and those whose contracts refer to its keys."""
    found = {each.product.address: each for each in readers(mesh, product)}
    for described in (*_own(mesh), *mesh.elsewhere):
        reader = described.product
        if reader.address in (product, *found) or life_of(reader) is Stage.RETIRED:
            continue
        for port, where in _references(described):
            if _means(mesh, port, product):
                found[reader.address] = Dependent(reader, "refers to its keys", where)
    return tuple(found[address] for address in sorted(found))


def _own(mesh: Mesh) -> Iterator[Described]:
    for domain in mesh.domains:
        yield from (Described.of(loaded) for loaded in mesh.readable(domain.name))


def _references(described: Described) -> Iterator[tuple[Address, str | None]]:
    for contract in described.contracts.values():
        for table in contract.schema:
            for link in table.links:
                if link.target:
                    yield Address.parse(link.target), link.where


def _means(mesh: Mesh, asked: Address, product: Address) -> bool:
    if (asked.domain, asked.product) != (product.domain, product.product):
        return False
    if asked.major is not None:
        return asked.of_product == product
    try:
        return mesh.resolve(asked).of_product == product
    except UnknownAddress:
        return False
