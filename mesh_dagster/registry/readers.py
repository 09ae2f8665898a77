"""Who reads an output port: what the products of the mesh declare."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mesh_dagster.model.address import Address
from mesh_dagster.model.product import Product


@dataclass(frozen=True, slots=True)
class Reader:
    """A product that declares an input port; `columns` None: it may read any of them."""

    product: Address
    columns: tuple[str, ...] | None = None

    def of(self, columns: Collection[str]) -> Reader | None:
        """The same of some columns only; None where it reads none of them. None given: all."""
        if not columns or self.columns is None:
            return self
        read = tuple(each for each in self.columns if each in columns)
        return Reader(self.product, read) if read else None

    def __str__(self) -> str:
        """`journeys/delay_risk (columns dest, origin)`."""
        name = f"{self.product.domain}/{self.product.product}"
        return name if self.columns is None else f"{name} (columns {', '.join(self.columns)})"


def readers_of(port: Address, products: Iterable[Product]) -> tuple[Reader, ...]:
    """The products with an input port on this one, by address.

    `port` has its major. Who names no major reads whatever is the newest, so it counts.
    """
    found: dict[Address, Reader] = {}
    for product in products:
        for each in product.inputs:
            if each.address is None or not _same(each.address, port):
                continue
            reader = found.setdefault(product.address, Reader(product.address, ()))
            known = reader.columns
            both = (
                None if None in (known, each.columns) else (*(known or ()), *(each.columns or ()))
            )
            found[product.address] = Reader(product.address, both)
    return tuple(found[address] for address in sorted(found))


def _same(asked: Address, port: Address) -> bool:
    if asked.major is None and port.major is not None:
        asked = asked.with_major(port.major)
    return asked == port
