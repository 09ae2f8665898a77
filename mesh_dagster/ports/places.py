"""Where in storage the things of one product lie.

    flights/departures/v1/
      pointer.json                                      the newest publication, the commit point
      publications/000000000042-<publication id>.json   every publication, immutable
      ports/<port or _>/metadata/                       Iceberg's documents
      ports/<port or _>/data/<attempt>/<partition or _>/*.parquet

What is staged is never moved or copied: a publication refers to it, or nothing does. The
partition of a published file is read from its path, so that windows for which Iceberg has no
transform (weeks) are replaced as exactly as the others.
"""

from __future__ import annotations

import re

from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import Address

WHOLE = "_"
_HOUR = re.compile(r"(\d{4}-\d\d-\d\d-\d\d):(\d\d)", re.ASCII)
_HOUR_FOLDER = re.compile(r"(\d{4}-\d\d-\d\d-\d\d)-(\d\d)", re.ASCII)


def root(product: Address) -> str:
    """`flights/departures/v1`. Raises `AddressError` for an address without a major."""
    if product.major is None:
        raise AddressError(
            f"{product} names no major version, so it has no place in storage",
            fix=f"write it like {product.with_major(1)}",
        )
    return product.of_product.path


def pointer(product: Address) -> str:
    return f"{root(product)}/pointer.json"


def publications(product: Address) -> str:
    return f"{root(product)}/publications/"


def publication(product: Address, number: int, id: str) -> str:
    return f"{publications(product)}{number:012}-{id}.json"


def port(product: Address, name: str | None) -> str:
    return f"{root(product)}/ports/{name or WHOLE}"


def attempt(product: Address, name: str | None, id: str) -> str:
    """The folder of what one attempt staged for one port."""
    return f"{port(product, name)}/data/{id}"


def columns(product: Address, name: str | None, id: str) -> str:
    """An empty Parquet file with the staged columns: what is left when no row was staged."""
    return f"{attempt(product, name, id)}/columns.parquet"


def folder(partition: str | None) -> str:
    """A partition's folder. Hours lose their colon, which many file systems refuse."""
    return WHOLE if partition is None else _HOUR.sub(r"\1-\2", partition)


def origin(location: str) -> tuple[str, str | None]:
    """The attempt and the partition of a data file, from its key or URI."""
    *_, id, name, _file = location.split("/")
    return id, None if name == WHOLE else _HOUR_FOLDER.sub(r"\1:\2", name)


def attempt_of(key: str) -> str | None:
    """The attempt that staged an object, None for an object that no attempt did."""
    match key.split("/"):
        case [_domain, _product, _major, "ports", _port, "data", id, *_]:
            return id
    return None
