"""Discovery documents: by them a domain describes its products to the mesh.

One JSON object for each product and major, at `<domain>/<product>/v<major>.json` below the
registry, written by its own domain alone. Readers take what they know and ignore the rest, so
domains on different releases understand each other; a document that cannot be used is a finding
about its domain and hides no other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.errors import MeshError, MissingObject
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.partition import Every, Partitioning, check_start
from mesh_dagster.model.product import Product
from mesh_dagster.ports.storage import Storage

if TYPE_CHECKING:
    from mesh_dagster.model.contract import Contract
    from mesh_dagster.model.domain import LoadedProduct

SCHEMA_VERSION = 1
LARGEST = 8 * 1024 * 1024
LONGEST_TEXT = 100_000
"""Characters of one value: every listing of every domain lays out what is in a document."""
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Described:
    """What the mesh knows of a product. `contracts` maps a port's name to its contract; the
    first port's name is the empty string."""

    product: Product
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    partitioning: Partitioning | None = None

    @classmethod
    def of(cls, loaded: LoadedProduct) -> Described:
        """What its own domain tells of a product."""
        return cls(loaded.product, loaded.contracts, loaded.wiring.partitioning)

    @property
    def domain(self) -> str:
        return self.product.address.domain


def document_key(product: Address) -> str:
    """Where the document of a product lies in the registry."""
    return f"{product.of_product.path}{_SUFFIX}"


def differs(storage: Storage, described: Described) -> bool:
    """Whether the document of a product says something else, or is not there."""
    try:
        return storage.read(document_key(described.product.address)) != encode(described)
    except MissingObject:
        return True


def write_document(storage: Storage, described: Described) -> bool:
    """Write the document of a product if it says something new; whether it did."""
    if not differs(storage, described):
        return False
    storage.write(document_key(described.product.address), encode(described))
    return True


def read_documents(
    storage: Storage, findings: list[Finding] | None = None, prefix: str = ""
) -> tuple[Described, ...]:
    """All documents that can be used, by address; what is wrong with others is in `findings`.

    `prefix` narrows them to a domain (`flights/`) or a product (`flights/departures/`).
    Raises `StorageError` only if the registry cannot be listed at all.
    """
    found: list[Described] = []
    problems = [] if findings is None else findings
    for entry in storage.list(prefix):
        if not entry.key.endswith(_SUFFIX):
            continue
        subject = entry.key.removesuffix(_SUFFIX)
        source = Source(entry.key, subject, tolerant=True)
        described = _read_entry(storage, entry.key, entry.size, source)
        if described is not None:
            found.append(described)
        problems += source.findings
    return tuple(sorted(found, key=lambda each: each.product.address))


def _read_entry(storage: Storage, key: str, size: int, source: Source) -> Described | None:
    try:
        source.name = storage.uri(key)
        if size > LARGEST:
            _too_large(size, source)
            return None
        data = storage.read(key)
    except MissingObject:
        return None  # its domain withdrew it meanwhile
    except MeshError as error:
        source.report("MESH-D040", f"the discovery document cannot be read: {error.what}")
        return None
    described = decode(data, key, source)
    broken = any(each.severity is Severity.ERROR for each in source.findings)
    return None if broken else described


def encode(described: Described) -> bytes:
    """A discovery document: the same description gives the same bytes."""
    from mesh_dagster.descriptors.odcs import document_from_contract
    from mesh_dagster.descriptors.odps import document_from_product

    partitioning = described.partitioning
    document: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "address": str(described.product.address),
        "product": document_from_product(described.product),
        "contracts": {
            port: document_from_contract(each) for port, each in described.contracts.items()
        },
    }
    if partitioning is not None:
        document["partitions"] = {
            "every": partitioning.every.value,
            "column": partitioning.column,
            "start": partitioning.start.isoformat(),
        }
    return json.dumps(document, indent=1, allow_nan=False).encode()


def decode(data: bytes, key: str, source: Source) -> Described | None:
    """What a document says; it is good only if `source` has no error."""
    if len(data) > LARGEST:
        _too_large(len(data), source)
        return None
    try:
        document = json.loads(data, parse_constant=_no_constant)
        if not isinstance(document, dict):
            raise ValueError(f"it is {shown(document)}, expected a mapping")
        _check_texts(document)
        return _described(document, key, source)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        source.report(
            "MESH-D040",
            f"the discovery document cannot be used: {str(error)[:200] or type(error).__name__}",
            fix=f"its domain writes it again: mesh run {source.subject}",
        )
        return None


def _described(document: dict[str, Any], key: str, source: Source) -> Described | None:
    from mesh_dagster.descriptors.odcs import contract_from_document
    from mesh_dagster.descriptors.odps import product_from_document
    from mesh_dagster.descriptors.syntax import located

    version = document.get("schemaVersion")
    if type(version) is not int or version != SCHEMA_VERSION:
        newer = type(version) is int and version > SCHEMA_VERSION
        message = f"`schemaVersion` is {shown(version)}, this release reads {SCHEMA_VERSION}"
        fix = "pip install -U mesh-dagster" if newer else None
        source.report("MESH-D041" if newer else "MESH-D040", message, fix=fix)
        return None
    product = product_from_document(located(_mapping(document, "product")), source)
    contracts = {}
    for port, stated in _mapping(document, "contracts").items():
        if not isinstance(stated, dict):
            raise ValueError(f"the contract of {port!r} is {shown(stated)}, expected a mapping")
        contracts[port] = contract_from_document(located(stated), source)
    if product is None or any(each is None for each in contracts.values()):
        return None
    if not source.findings and document_key(product.address) != key:
        raise ValueError(f"it describes {product.address}, and lies at {key}")
    known = {port: each for port, each in contracts.items() if each is not None}
    return Described(product, known, _partitioning(document))


def _mapping(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"`{name}` is {shown(value)}, expected a mapping")
    return value


def _partitioning(document: dict[str, Any]) -> Partitioning | None:
    if "partitions" not in document:
        return None
    stated = _mapping(document, "partitions")
    start = datetime.fromisoformat(stated["start"])
    if start.tzinfo is None or type(stated["column"]) is not str:
        raise ValueError("`partitions` lacks the time zone of its start, or its column")
    check_start(start)
    return Partitioning(Every(stated["every"]), stated["column"], start)


def _check_texts(document: dict[str, Any]) -> None:
    left: list[Any] = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise ValueError(
                f"a text in it has {len(value):,} characters, {LONGEST_TEXT:,} are allowed"
            )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no value of JSON")


def _too_large(size: int, source: Source) -> None:
    message = f"the discovery document has {size:,} bytes, more than the {LARGEST:,} allowed"
    source.report("MESH-D040", message)
