"""What a domain makes of the requests of others: at once where it can, by its owners otherwise.

The requests lie in the prefixes of those who ask, and are believed in nothing: one that is
forged, replayed, over, or of a port that is not there is refused and kept on the record, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mesh_dagster import clock
from mesh_dagster.access.decision import Guarded
from mesh_dagster.access.requests import flaw_of, granted_at_once
from mesh_dagster.errors import MeshError
from mesh_dagster.model.access import AccessRequest, AuditEntry, Effect, Grant, Refusal
from mesh_dagster.products.granting import audit
from mesh_dagster.products.granting.guarding import guarded
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.grants import Grants, grants_of, put_grants
from mesh_dagster.registry.requests import Requests, every_request

AT_ONCE = 100
"""Grants of one domain that nobody decided on; of more requests an owner decides, so that nobody
fills what another domain has to keep."""
POLICY = "policy"
"""By whom what nobody had to decide on is granted or refused."""


@dataclass(slots=True)
class _Settled:
    grants: list[Grant] = field(default_factory=list)
    refusals: list[tuple[AccessRequest, Refusal]] = field(default_factory=list)
    waiting: list[AccessRequest] = field(default_factory=list)


def settle(mesh: Mesh, domain: str) -> tuple[AccessRequest, ...]:
    """Grant and refuse what needs nobody; the requests that wait for an owner of the domain.

    Raises `StorageError`, also where the domain's grants cannot be used.
    """
    asked = [each for each in every_request(mesh.documents) if each.domain != domain]
    found = _judged(mesh, asked, grants_of(mesh.documents, domain))
    if not (found.grants or found.refusals):
        return tuple(found.waiting)
    now = clock.now()

    def changed(known: Grants) -> Grants:
        nonlocal found
        found = _judged(mesh, asked, known)
        return replace(
            known,
            grants=(*known.grants, *found.grants),
            refusals=(*known.refusals, *(refusal for _, refusal in found.refusals)),
        )

    if put_grants(mesh.documents, domain, now, changed):
        audit.append(mesh, domain, [*map(_granted, found.grants), *map(_refused, found.refusals)])
    return tuple(found.waiting)


def _judged(mesh: Mesh, asked: list[Requests], known: Grants) -> _Settled:
    """What becomes of each request that nobody has decided on."""
    settled, now = _Settled(), clock.now()
    decided = set(known.decided())
    at_once = Counter(each.domain for each in known.grants if each.by == POLICY)
    rights = {port: list(some) for port, some in known.by_port.items()}
    for prefix, request in _of(asked, known.domain):
        if (prefix, request.id) in decided:
            continue
        decided.add((prefix, request.id))
        port = _port(mesh, request)
        flaw = flaw_of(request, prefix, now)
        if port is None:
            flaw = flaw or f"there is no {request.port.path}"
        if flaw is not None or port is None:
            refusal = Refusal(request.id, prefix, request.digest, now, POLICY, flaw or "")
            settled.refusals.append((request, refusal))
            continue
        earlier = rights.setdefault(request.port, [])
        others = mesh.config.lifecycle.readers_in_beta
        few = at_once[prefix] < AT_ONCE
        if few and granted_at_once(request, port, earlier, now, others=others):
            grant = grant_of(request, POLICY, "nothing in it is confidential")
            earlier.append(grant)
            at_once[prefix] += 1
            settled.grants.append(grant)
        else:
            settled.waiting.append(request)
    return settled


def grant_of(request: AccessRequest, by: str, why: str) -> Grant:
    """The right that a request asks for, from now on."""
    return Grant(
        id=clock.new_id(),
        effect=Effect.ALLOW,
        principal=request.by,
        port=request.port,
        purpose=request.purpose,
        since=clock.now(),
        until=request.until,
        by=by,
        why=why,
        domain=request.domain,
        request=request.id,
        request_digest=request.digest,
    )


def _of(asked: list[Requests], domain: str) -> Iterator[tuple[str, AccessRequest]]:
    """The requests for ports of a domain, each with the prefix that it lies in."""
    for each in asked:
        for request in each.requests:
            if request.port.domain == domain:
                yield each.domain, request


def _port(mesh: Mesh, request: AccessRequest) -> Guarded | None:
    """The port that is asked for; None where nothing is there."""
    try:
        return guarded(mesh, mesh.resolve(request.port))[0]
    except MeshError:
        return None


def _granted(grant: Grant) -> AuditEntry:
    return entry_about(grant, "grant", True, f"{grant.by}: {grant.why}", grant.by)


def _refused(refused: tuple[AccessRequest, Refusal]) -> AuditEntry:
    request, refusal = refused
    what = grant_of(request, refusal.by, refusal.why)
    told = f"{request.asked_by}, as {refusal.domain} says"
    return entry_about(what, "request", False, f"{refusal.by}: {refusal.why}", told)


def entry_about(grant: Grant, means: str, allowed: bool, reason: str, identity: str) -> AuditEntry:
    """What the access log keeps of a decision about a right: it stands among the readings."""
    return AuditEntry(
        number=0,
        at=clock.now(),
        principal=grant.principal,
        identity=identity[:300],
        port=grant.port,
        publication=None,
        columns=None,
        purpose=grant.purpose,
        means=means,
        allowed=allowed,
        reason=reason,
    )
