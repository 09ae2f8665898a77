"""An address as somebody wrote it -> the address of something that is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.product import SERVED, Product, Status


def resolve(address: Address, known: Iterable[Product]) -> Address:
    """The address with its major: the newest active one where it names none, or else the newest
    that is deprecated, and so still served.

    Raises `UnknownAddress` when no such product, major or port is among the known ones.
    """
    products = list(known)
    majors = sorted(
        (
            each
            for each in products
            if (each.address.domain, each.address.product) == (address.domain, address.product)
        ),
        key=lambda each: each.address.major or 0,
    )
    if not majors:
        raise _unknown(address, products)
    product = _of_major(address, majors)
    found = address.with_major(product.address.major or 0)
    if product.output(found.port) is None:
        raise _no_port(found, product)
    return found


def short_names(known: Iterable[Product]) -> dict[Address, Address]:
    """Product -> how it is called: without its major where that means it and it is active."""
    newest: dict[Address, Address] = {}
    products = sorted((each.address, each.status) for each in known)
    for address, status in products:
        if status is Status.ACTIVE:
            newest[Address(address.domain, address.product)] = address
    short = {address: name for name, address in newest.items()}
    return {address: short.get(address, address) for address, _ in products}


def _of_major(address: Address, majors: Sequence[Product]) -> Product:
    if address.major is None:
        for status in SERVED:
            served = [each for each in majors if each.status is status]
            if served:
                return served[-1]
        raise UnknownAddress(
            f"{address.path} has no active major; there are {_list(majors)}",
            fix=f"name one: {majors[-1].address}",
        )
    for each in majors:
        if each.address.major == address.major:
            return each
    raise UnknownAddress(
        f"{address.path} has no major v{address.major}; there are {_list(majors)}",
        fix=f"name one: {majors[-1].address}",
    )


def _list(majors: Sequence[Product]) -> str:
    return ", ".join(f"v{each.address.major} ({each.status})" for each in majors)


def _unknown(address: Address, products: Sequence[Product]) -> UnknownAddress:
    paths = sorted({f"{each.address.domain}/{each.address.product}" for each in products})
    hint = did_you_mean(f"{address.domain}/{address.product}", paths)
    return UnknownAddress(
        f"the mesh has no product {address.domain}/{address.product}{hint}",
        fix="`mesh products` lists what there is",
    )


def _no_port(address: Address, product: Product) -> UnknownAddress:
    named = [each.address.port for each in product.outputs if each.address.port]
    first = product.output(None)
    if first is not None and address.port == first.name:
        return UnknownAddress(
            f"{first.name!r} is the first port of {product.address.path}, which has no name",
            fix=f"write {product.address}",
        )
    hint = did_you_mean(address.port or "", named)
    return UnknownAddress(f"{product.address.path} has no port {address.port!r}{hint}")
