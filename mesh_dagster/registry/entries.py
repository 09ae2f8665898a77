"""A product's entry in the discovery document of its domain: one line of JSON.

It begins with the address and a checksum of what is promised (descriptor, contracts, partitions),
so that whoever wants one product, or only to know whether its promise has changed, need not parse
the entries of all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.errors import AddressError
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.partition import Every, Partitioning, check_start
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.facts import facts_from_json, json_from_facts, score_from_json

LARGEST = 8 * 1024 * 1024
LONGEST_SCORE = 20_000
LONGEST_TEXT = 100_000
"""Characters of one value: every listing of every domain lays out what is in a document."""

Entry = dict[str, Any]


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no value of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
UNUSABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, AddressError)
"""What is raised on the way through a text that is no entry."""

_PROMISE = re.compile(rb'\{"address":"[^"]*","promise":"([0-9a-f]{32})"')


def entry_of(described: Described) -> Entry:
    """The entry of a product in plain JSON."""
    promise = promise_of(described)
    head = {"address": str(described.product.address), "promise": checksum(promise)}
    return {**head, **promise, **json_from_facts(described.facts)}


def promise_of(described: Described) -> Entry:
    """What a product promises, in plain JSON: its descriptor, contracts and partitions."""
    from mesh_dagster.descriptors.odcs import document_from_contract
    from mesh_dagster.descriptors.odps import document_from_product

    found: Entry = {
        "product": document_from_product(described.product),
        "contracts": {
            port: document_from_contract(each) for port, each in described.contracts.items()
        },
    }
    partitioning = described.partitioning
    if partitioning is not None:
        found["partitions"] = {
            "every": partitioning.every.value,
            "column": partitioning.column,
            "start": partitioning.start.isoformat(),
        }
    return found


def checksum(promise: Mapping[str, Any]) -> str:
    """Tells one promise from another; the same promise has the same, on every release."""
    from hashlib import sha256

    return sha256(line(promise)).hexdigest()[:32]


def promise_in(entry: bytes) -> str | None:
    """The checksum of what an entry promises, unparsed; None in one of an earlier release."""
    found = _PROMISE.match(entry)
    return found and found[1].decode()


_SCORE = b'"score":{"overall":'


def score_in(entry: bytes) -> ScoreTold | None:
    """What an entry tells of the product's score, the rest of it unparsed."""
    begins = entry.rfind(_SCORE)
    if begins < 0:
        return None
    try:
        text = entry[begins + len(b'"score":') : begins + LONGEST_SCORE].decode()
        return score_from_json(_DECODER.raw_decode(text)[0])
    except UNUSABLE:
        return None


def line(entry: Mapping[str, Any]) -> bytes:
    """An entry as it stands in a document: in ASCII, so that no line ends within it."""
    return json.dumps(entry, separators=(",", ":"), allow_nan=False).encode()


def parsed(data: bytes) -> Entry:
    """An entry as plain JSON, its size and texts bounded. Raises `ValueError` and the like."""
    found = bounded(data)
    _check_texts(found)
    return found


def bounded(data: bytes) -> Entry:
    """The same with texts of any length, for who cuts them himself."""
    if len(data) > LARGEST:
        raise ValueError(f"it has {len(data):,} bytes, more than the {LARGEST:,} allowed")
    found = _DECODER.decode(data.decode())
    if not isinstance(found, dict):
        raise ValueError(f"it is {shown(found)}, expected a mapping")
    return found


def decode_entry(data: bytes, path: str, source: Source) -> Described | None:
    """What an entry says of the product at a path; None where it cannot be used.

    What is wrong with it is in `source`: warnings leave it usable.
    """
    try:
        found = _described(parsed(data), path, source)
    except UNUSABLE as error:
        source.report(
            "MESH-D040",
            f"the discovery document cannot be used: {str(error)[:200] or type(error).__name__}",
            fix=f"its domain writes it again: mesh registry write {path.partition('/')[0]}",
        )
        return None
    return None if _broken(source) else found


def _broken(source: Source) -> bool:
    return any(each.severity is Severity.ERROR for each in source.findings)


def _described(entry: Entry, path: str, source: Source) -> Described | None:
    from mesh_dagster.descriptors.odcs import contract_from_document
    from mesh_dagster.descriptors.odps import product_from_document
    from mesh_dagster.descriptors.syntax import located

    product = product_from_document(located(mapping(entry, "product")), source)
    contracts = {}
    for port, stated in mapping(entry, "contracts").items():
        if not isinstance(stated, dict):
            raise ValueError(f"the contract of {port!r} is {shown(stated)}, expected a mapping")
        contracts[port] = contract_from_document(located(stated), source)
    if product is None or any(each is None for each in contracts.values()):
        return None
    if not _broken(source) and product.address.path != path:
        raise ValueError(f"it describes {product.address}, and stands for {path}")
    missing = [each for each in product.outputs if (each.address.port or "") not in contracts]
    if not _broken(source) and missing:
        raise ValueError(f"there is no contract of {missing[0].address}")
    known = {port: each for port, each in contracts.items() if each is not None}
    return Described(product, known, _partitioning(entry), facts_from_json(entry, source))


def mapping(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"`{name}` is {shown(value)}, expected a mapping")
    return value


def _partitioning(entry: Entry) -> Partitioning | None:
    if "partitions" not in entry:
        return None
    stated = mapping(entry, "partitions")
    start = datetime.fromisoformat(stated["start"])
    if start.tzinfo is None or type(stated["column"]) is not str:
        raise ValueError("`partitions` lacks the time zone of its start, or its column")
    check_start(start)
    return Partitioning(Every(stated["every"]), stated["column"], start)


def _check_texts(document: Entry) -> None:
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
