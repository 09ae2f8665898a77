"""Who may read what a domain serves: one document, in its own prefix of the registry.

It is read before each reading of a port, so what it says is kept by its bytes. A document that
cannot be used says so: who may read is unknown then, and not open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from mesh_dagster.errors import MeshError, MissingObject, StorageError
from mesh_dagster.model.access import Effect, Grant, Refusal
from mesh_dagster.model.address import Address
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import rights
from mesh_dagster.registry.replacing import replace_object

SCHEMA_VERSION = 1
MOST = 5_000
MOST_REFUSALS = 2_000
KEPT = timedelta(days=800)
"""For how long what is over stays in it: longer than a request may be asked for, so that none is
granted a second time."""
NAME = "grants.json"
UNUSABLE = "MESH-A003"


@dataclass(frozen=True, slots=True)
class Grants:
    """What one domain has granted and refused. `unusable` says why nobody can tell."""

    domain: str
    grants: tuple[Grant, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unusable: str | None = None
    by_port: Mapping[Address, tuple[Grant, ...]] = field(default_factory=dict)

    def of(self, port: Address) -> tuple[Grant, ...]:
        """Those of a port."""
        return self.by_port.get(port, ())

    def decided(self) -> frozenset[tuple[str | None, str | None]]:
        """The requests that somebody has decided on, each by the domain that asked and its id."""
        granted = {(each.domain, each.request) for each in self.grants if each.request}
        return frozenset(granted | {(each.domain, each.request) for each in self.refusals})


def grants_key(domain: str) -> str:
    """Where the grants of a domain lie in the registry."""
    return f"{domain}/{NAME}"


def grants_of(storage: Storage, domain: str) -> Grants:
    """What a domain has granted. Raises `StorageError` where storage cannot be asked."""
    try:
        return grants_in(storage.read(grants_key(domain)), domain)
    except MissingObject:
        return Grants(domain)


@lru_cache(maxsize=128)
def grants_in(data: bytes, domain: str) -> Grants:
    """What a document says; whatever is in it, nothing is raised.

    An entry that cannot be understood and may be a refusal makes all of it unusable.
    """
    try:
        document = rights.document_in(data, domain, SCHEMA_VERSION)
        stated = rights.items_of(document, "grants", MOST)
        refused = rights.items_of(document, "refusals", MOST_REFUSALS)
        found = [each for each in map(_usable, stated) if each is not None]
        if foreign := [each for each in found if each.port.domain != domain]:
            raise ValueError(f"it grants {foreign[0].port}, which is another domain's")
        refusals = tuple(_refusal(each) for each in refused)
    except rights.UNUSABLE as error:
        what = error.what if isinstance(error, MeshError) else str(error)
        told = f"{grants_key(domain)} of the registry cannot be used: {what[:200]}"
        return Grants(domain, unusable=told)
    return _sorted(domain, tuple(found), refusals)


def put_grants(
    storage: Storage, domain: str, now: datetime, change: Callable[[Grants], Grants]
) -> bool:
    """Change what a domain has granted; whether that is anything else now.

    Raises `StorageError`, also for a document that cannot be used: it is never made anew, because
    what it refused would be forgotten.
    """

    def changed(data: bytes | None) -> bytes:
        known = Grants(domain) if data is None else grants_in(data, domain)
        if known.unusable is not None:
            raise StorageError(
                known.unusable,
                code=UNUSABLE,
                where=storage.uri(grants_key(domain)),
                fix="restore that object from a backup, or delete it: then nothing is granted",
            )
        wanted = change(known)
        grants = [each for each in wanted.grants if now - each.until < KEPT]
        refusals = [each for each in wanted.refusals if now - each.at < KEPT]
        if len(grants) > MOST:
            raise StorageError(
                f"{domain} would have {len(grants):,} grants, and {MOST:,} are read",
                code=UNUSABLE,
                fix="grant to a domain or a team, and not to each of its people",
            )
        document = {
            "schemaVersion": SCHEMA_VERSION,
            "domain": domain,
            "grants": [_told(each) for each in grants],
            "refusals": [_told_refusal(each) for each in refusals[-MOST_REFUSALS:]],
        }
        return rights.fitting(document, storage.uri(grants_key(domain)))

    return replace_object(storage, grants_key(domain), changed)


def _sorted(domain: str, grants: tuple[Grant, ...], refusals: tuple[Refusal, ...]) -> Grants:
    by_port: dict[Address, list[Grant]] = {}
    for each in grants:
        by_port.setdefault(each.port, []).append(each)
    return Grants(
        domain, grants, refusals, by_port={port: tuple(some) for port, some in by_port.items()}
    )


def _told(grant: Grant) -> dict[str, Any]:
    stated = {
        "id": grant.id,
        "effect": grant.effect.value,
        "principal": str(grant.principal),
        "port": str(grant.port),
        "purpose": grant.purpose,
        "since": grant.since.isoformat(),
        "until": grant.until.isoformat(),
        "by": grant.by,
        "why": grant.why,
        "domain": grant.domain,
        "request": grant.request,
        "requestDigest": grant.request_digest,
        "revokedAt": grant.revoked_at and grant.revoked_at.isoformat(),
        "revokedBy": grant.revoked_by,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _usable(stated: Any) -> Grant | None:
    """A grant; None for one that cannot be understood and is certainly no refusal."""
    try:
        return _grant(stated)
    except rights.UNUSABLE:
        if isinstance(stated, dict) and stated.get("effect") == Effect.ALLOW.value:
            return None
        raise


def _grant(stated: Any) -> Grant:
    revoked = None if stated.get("revokedAt") is None else rights.moment(stated, "revokedAt")
    return Grant(
        id=rights.id_in(stated, "id"),
        effect=Effect(rights.text(stated, "effect", 10)),
        principal=rights.principal(stated, "principal"),
        port=rights.port(stated),
        purpose=rights.text(stated, "purpose"),
        since=rights.moment(stated, "since"),
        until=rights.moment(stated, "until"),
        by=rights.text(stated, "by", rights.LONGEST_NAME),
        why=rights.maybe_text(stated, "why", 2_000) or "",
        domain=rights.maybe_text(stated, "domain"),
        request=rights.maybe_text(stated, "request"),
        request_digest=rights.maybe_text(stated, "requestDigest"),
        revoked_at=revoked,
        revoked_by=rights.maybe_text(stated, "revokedBy"),
    )


def _told_refusal(each: Refusal) -> dict[str, Any]:
    return {
        "request": each.request,
        "domain": each.domain,
        "digest": each.digest,
        "at": each.at.isoformat(),
        "by": each.by,
        "why": each.why,
    }


def _refusal(stated: Any) -> Refusal:
    return Refusal(
        request=rights.id_in(stated, "request"),
        domain=rights.text(stated, "domain", rights.LONGEST_NAME),
        digest=rights.text(stated, "digest", 64),
        at=rights.moment(stated, "at"),
        by=rights.text(stated, "by", rights.LONGEST_NAME),
        why=rights.text(stated, "why"),
    )
