"""What a domain asks to read of others: one document, in its own prefix of the registry.

Who is asked reads it there, and answers in a document of his own (`grants`). Nothing in it is
believed before `access.requests` has looked at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_dagster.errors import MeshError, MissingObject
from mesh_dagster.model.access import LONGEST_PURPOSE, AccessRequest
from mesh_dagster.model.address import is_name
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import rights
from mesh_dagster.registry.replacing import replace_object

SCHEMA_VERSION = 1
MOST = 500
"""Requests of one domain: those that are over are left out when it asks anew."""
NAME = "requests.json"


@dataclass(frozen=True, slots=True)
class Requests:
    """What one domain asks. `broken` says what is wrong with what cannot be understood."""

    domain: str
    requests: tuple[AccessRequest, ...] = ()
    broken: tuple[str, ...] = ()


def requests_key(domain: str) -> str:
    """Where the requests of a domain lie in the registry."""
    return f"{domain}/{NAME}"


def requests_of(storage: Storage, domain: str) -> Requests:
    """What a domain asks. Raises `StorageError` where storage cannot be asked."""
    try:
        data = storage.read(requests_key(domain))
    except MissingObject:
        return Requests(domain)
    return requests_in(data, domain)


def every_request(storage: Storage) -> Iterator[Requests]:
    """What each domain asks, by name; one whose document cannot be read stops no other.

    Raises `StorageError` only if the registry cannot be listed.
    """
    names = (each.key.split("/") for each in storage.list(""))
    for domain in [parts[0] for parts in names if parts[1:] == [NAME] and is_name(parts[0])]:
        try:
            yield requests_of(storage, domain)
        except MeshError as error:
            yield Requests(domain, broken=(f"it cannot be read: {error.what}",))


def requests_in(data: bytes, domain: str) -> Requests:
    """What a document says; whatever is in it, nothing is raised."""
    try:
        document = rights.document_in(data, domain, SCHEMA_VERSION)
        stated = rights.items_of(document, "requests", MOST)
    except rights.UNUSABLE as error:
        return Requests(domain, broken=(_told(error),))
    found, broken = [], []
    for each in stated:
        try:
            found.append(_request(each))
        except rights.UNUSABLE as error:
            broken.append(_told(error))
    return Requests(domain, tuple(found), tuple(broken))


def put_requests(
    storage: Storage, domain: str, change: Callable[[Requests], Sequence[AccessRequest]]
) -> bool:
    """Change what a domain asks; whether it asks for anything else now.

    A document that cannot be used is made anew. Raises `StorageError`.
    """

    def changed(data: bytes | None) -> bytes:
        known = Requests(domain) if data is None else requests_in(data, domain)
        told = [_told_of(each) for each in change(known)[-MOST:]]
        document = {"schemaVersion": SCHEMA_VERSION, "domain": domain, "requests": told}
        return rights.fitting(document, storage.uri(requests_key(domain)))

    return replace_object(storage, requests_key(domain), changed)


def digest_of(request: AccessRequest) -> str:
    """The checksum of all that a request says."""
    return rights.checksum(_unsigned(request))


def _unsigned(request: AccessRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "by": str(request.by),
        "domain": request.domain,
        "port": str(request.port),
        "purpose": request.purpose,
        "until": request.until.isoformat(),
        "at": request.at.isoformat(),
        "askedBy": request.asked_by,
    }


def _told_of(request: AccessRequest) -> dict[str, Any]:
    return {**_unsigned(request), "digest": request.digest}


def _request(stated: Any) -> AccessRequest:
    return AccessRequest(
        id=rights.id_in(stated, "id"),
        by=rights.principal(stated, "by"),
        domain=rights.text(stated, "domain", rights.LONGEST_NAME),
        port=rights.port(stated),
        purpose=rights.text(stated, "purpose", LONGEST_PURPOSE),
        until=rights.moment(stated, "until"),
        at=rights.moment(stated, "at"),
        asked_by=rights.text(stated, "askedBy", rights.LONGEST_NAME),
        digest=rights.digest_in(stated, "digest"),
    )


def _told(error: BaseException) -> str:
    what = error.what if isinstance(error, MeshError) else str(error)
    return what[:200] or type(error).__name__
