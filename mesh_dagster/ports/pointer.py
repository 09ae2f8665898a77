"""The pointer of a product, and the publications that it reaches.

The pointer holds the newest publication's whole document. Each publication also has a document
of its own, which names the one before; one that cannot be reached from the pointer is left over
from a publish that did not happen, and means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mesh_dagster.errors import CorruptState, MissingObject, NeverPublished, UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import PortState, Publication, PublicationKind, Release
from mesh_dagster.ports import places
from mesh_dagster.ports.storage import Storage

SCHEMA_VERSION = 1
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def current(storage: Storage, product: Address) -> Publication | None:
    """The newest publication of a product, None if there is none.

    Raises `CorruptState` for a pointer that cannot be read, or is gone after it was there.
    """
    return versioned(storage, product)[0]


def versioned(storage: Storage, product: Address) -> tuple[Publication | None, str | None]:
    """The newest publication, and the version of the pointer for its swap."""
    key = places.pointer(product)
    try:
        data, version = storage.read_versioned(key)
    except MissingObject:
        lost = _beyond_the_first(storage, product)
        if lost is None:
            return None, None
        try:  # others may have published between the two looks
            data, version = storage.read_versioned(key)
        except MissingObject:
            raise _lost(storage, key, lost) from None
    return _parsed(storage, product, key, data), version


def publications(storage: Storage, product: Address) -> Iterator[Publication]:
    """All publications that are retained, newest first.

    Raises `CorruptState` where a document is unreadable, or is gone that a newer one names,
    unless retention took it and all before it.
    """
    found = current(storage, product)
    while found is not None:
        yield found
        found = _before(storage, product, found)


def since(storage: Storage, product: Address, number: int | None) -> list[Publication]:
    """The publications with a greater number, oldest first; all for None."""
    newer: list[Publication] = []
    for found in publications(storage, product):
        if number is not None and found.number <= number:
            break
        newer.append(found)
    return newer[::-1]


def publication(storage: Storage, product: Address, which: int | str) -> Publication:
    """One publication by its number or its id.

    Raises `UnknownAddress` where there is none, saying whether there was.
    """
    kept: list[int] = []
    for found in publications(storage, product):
        if which in (found.number, found.id, str(found.number)):
            return found
        kept.append(found.number)
    raise UnknownAddress(_none_such(product, which, kept), fix=f"mesh snapshots {product.path}")


def _none_such(product: Address, which: int | str, kept: Sequence[int]) -> str:
    """`kept` are the numbers there are, the newest first."""
    if not kept:
        return f"{product} has no publication {which}: it has never been published"
    number = int(which) if str(which).isdecimal() else None
    if number is not None and 0 < number < kept[-1]:
        return f"{product} has no publication {which} any more: those kept begin at {kept[-1]}"
    return f"{product} has no publication {which}: there are those from {kept[-1]} to {kept[0]}"


def at_key(storage: Storage, product: Address, key: str) -> Publication:
    """The publication of a document, whether the pointer leads to it or not.

    Raises `MissingObject`, and `CorruptState` for what is no document of the product.
    """
    return _parsed(storage, product, key, storage.read(key))


def as_of(storage: Storage, product: Address, moment: datetime) -> Publication:
    """The publication that was current at a moment.

    Raises `NeverPublished` where there was none, or where it is older than the history kept.
    """
    oldest: Publication | None = None
    for found in publications(storage, product):
        if found.at <= moment:
            return found
        oldest = found
    text = moment.astimezone(UTC).isoformat()
    if oldest is None or oldest.previous is None:
        raise NeverPublished(
            f"{product} had not been published at {text}"
            + (f"; its first publication is of {oldest.at.isoformat()}" if oldest else ""),
            fix=f"mesh snapshots {product.path}",
        )
    raise NeverPublished(
        f"the state of {product} at {text} is older than its retention; the oldest publication "
        f"kept is {oldest.number} of {oldest.at.isoformat()}",
        code="MESH-M028",
        fix="raise the contract's `retention` to keep more from now on",
    )


def document(product: Address, found: Publication) -> bytes:
    """A publication as the document that storage holds."""
    return json.dumps(
        {
            "schemaVersion": SCHEMA_VERSION,
            "product": str(product.of_product),
            "number": found.number,
            "id": found.id,
            "previous": found.previous,
            "at": found.at.astimezone(UTC).isoformat(),
            "attempt": found.attempt,
            "kind": found.kind.value,
            "partitions": None if found.partitions is None else list(found.partitions),
            "contracts": dict(found.contracts),
            "empty": list(found.empty),
            **_released(found.release),
            "ports": {
                name: {
                    "metadata": port.metadata,
                    "snapshotId": port.snapshot_id,
                    "rows": port.rows,
                }
                for name, port in found.ports.items()
            },
        },
        indent=1,
    ).encode()


def _before(storage: Storage, product: Address, found: Publication) -> Publication | None:
    if found.previous is None:
        return None
    key = places.publication(product, found.number - 1, found.previous)
    try:
        data = storage.read(key)
    except MissingObject:
        older = places.publications(product)
        left = [e.key for e in storage.list(older) if e.key < key]
        if left:
            raise _corrupt(storage, key, "it is gone, and older ones are still there") from None
        return None
    before = _parsed(storage, product, key, data)
    if (before.number, before.id) != (found.number - 1, found.previous):
        raise _corrupt(storage, key, f"it is of publication {before.number}, {before.id}")
    return before


def _beyond_the_first(storage: Storage, product: Address) -> str | None:
    """The newest document, unless all are of first publishes that did not come to their swap."""
    keys = [entry.key for entry in storage.list(places.publications(product))]
    first = places.publication(product, 1, "").removesuffix(".json")
    return max((key for key in keys if not key.startswith(first)), default=None)


def _parsed(storage: Storage, product: Address, key: str, data: bytes) -> Publication:
    try:
        content = json.loads(data)
        version = int(content["schemaVersion"])
        if version > SCHEMA_VERSION:
            raise _newer(storage, key, version)
        return _publication(product, content)
    except _UNREADABLE as error:
        raise _corrupt(storage, key, f"{type(error).__name__}: {error}") from error


def _publication(product: Address, content: Mapping[str, Any]) -> Publication:
    partitions = content["partitions"]
    found = Publication(
        number=content["number"],
        id=content["id"],
        previous=content["previous"],
        at=datetime.fromisoformat(content["at"]),
        attempt=content["attempt"],
        kind=PublicationKind(content["kind"]),
        ports={name: _port(product, name, port) for name, port in content["ports"].items()},
        partitions=None if partitions is None else _texts(partitions),
        contracts=dict(content["contracts"]),
        empty=_texts(content.get("empty", [])),
        release=_release(content.get("release")),
    )
    own = str(product.of_product)
    if content["product"] != own:
        raise ValueError(f"it is of {content['product']}, not of {own}")
    if type(found.number) is not int or found.number < 1:
        raise ValueError(f"{found.number!r} is no number of a publication")
    if found.at.tzinfo is None:
        raise ValueError(f"{content['at']} has no time zone")
    _texts([found.id, found.attempt, *([] if found.previous is None else [found.previous])])
    return found


def _released(release: Release | None) -> dict[str, Any]:
    if release is None:
        return {}
    by, proof, why = release.by, release.proof, release.why
    return {"release": {"by": by, "proof": proof, "why": why, "rules": list(release.rules)}}


def _release(content: Any) -> Release | None:
    if content is None:
        return None
    by, proof, why = _texts([content["by"], content["proof"], content["why"]])
    return Release(by, proof, why, _texts(content["rules"]))


def _port(product: Address, name: str, content: Mapping[str, Any]) -> PortState:
    folder = f"{places.port(product, name)}/metadata/"
    _, own, file = str(content["metadata"]).rpartition(f"/{folder}")
    if not own or "/" in name or "/" in file:
        raise ValueError(f"{content['metadata']} is not in {folder}")
    return PortState(content["metadata"], content["snapshotId"], int(content["rows"]))


def _texts(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise TypeError(f"{found!r} is no list of strings")
    return tuple(found)


def _lost(storage: Storage, key: str, newest: str) -> CorruptState:
    return CorruptState(
        f"{key} is gone, and there are publications, the newest document is {newest}",
        where=storage.uri(key),
        fix=f"copy the newest document of `publications/`, {storage.uri(newest)}, over it",
    )


def _newer(storage: Storage, key: str, version: int) -> CorruptState:
    return CorruptState(
        f"{key} has schema version {version}, and this release reads up to {SCHEMA_VERSION}",
        code="MESH-M029",
        where=storage.uri(key),
        fix="pip install --upgrade mesh-dagster",
    )


def _corrupt(storage: Storage, key: str, why: str) -> CorruptState:
    restore = (
        "copy the newest document of `publications/` beside it over it"
        if key.endswith("pointer.json")
        else "restore that object from a backup"
    )
    return CorruptState(
        f"{key} is no readable document of a publication ({why})",
        where=storage.uri(key),
        fix=restore,
    )
