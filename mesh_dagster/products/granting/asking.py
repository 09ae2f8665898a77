"""Asking to read what is another domain's: a request in the registry prefix of who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mesh_dagster import clock
from mesh_dagster.access.decision import Audience, Reader, decide
from mesh_dagster.errors import AccessDenied, UsageError
from mesh_dagster.model.access import (
    LONGEST_PURPOSE,
    AccessDecision,
    AccessRequest,
    Grant,
    Refusal,
)
from mesh_dagster.model.address import Address
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.principal import Principal, PrincipalKind
from mesh_dagster.products.granting.guarding import guarded
from mesh_dagster.products.granting.settling import settle
from mesh_dagster.products.granting.who import reader_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.grants import Grants, grants_of
from mesh_dagster.registry.requests import Requests, digest_of, put_requests, requests_of
from mesh_dagster.reviews.misfits import refuse_reason

UNCLEAR = "MESH-A002"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what became of it: a grant, a refusal, or neither while it waits.

    `had` is the right that whoever asks has already: then nothing was asked.
    """

    request: AccessRequest
    grant: Grant | None = None
    refusal: Refusal | None = None
    had: AccessDecision | None = None

    @property
    def state(self) -> str:
        """In one word."""
        if self.had is not None:
            return "allowed"
        if self.grant is not None:
            return "revoked" if self.grant.revoked_at else "granted"
        return "refused" if self.refusal else "waits"


def ask(
    mesh: Mesh,
    port: Address,
    *,
    purpose: str,
    until: datetime,
    by: Principal | None = None,
    identities: Sequence[Identity] = (),
) -> Asked:
    """Ask to read a port, for a purpose, until a moment; what came of it at once.

    `port` is resolved; `by` is for whom, by default the domain of whoever asks. Where the files of
    the producer are here too, what needs no owner is settled now. Raises `UsageError` for a
    request that makes no sense, `AccessDenied` where the stage of the product allows nobody else.
    """
    now = clock.now()
    refuse_reason(purpose)
    if until <= now:
        raise UsageError(
            f"{until:%Y-%m-%d %H:%M} is over already: it is {now:%Y-%m-%d %H:%M} in this mesh",
            code=UNCLEAR,
            fix="--until a moment to come",
        )
    who = reader_of(mesh, identities)
    domain = _domain(mesh, who, by, port)
    principal = by or Principal(PrincipalKind.DOMAIN, domain)
    identity = who.identity
    request = _request(domain, principal, port, purpose=purpose, until=until, identity=identity)
    found, _ = guarded(mesh, port)
    held = Reader(principal, str(principal), frozenset({principal}), _own(principal, domain))
    decision = decide(held, replace(found, purpose=request.purpose), now)
    if decision.allowed:
        return Asked(request, had=decision)
    if found.audience is Audience.OWN:
        raise AccessDenied(decision.reason, rule=decision.rule, fix=decision.fix)
    waiting = _waiting(mesh, request)
    if waiting is None:
        put_requests(
            mesh.documents,
            domain,
            lambda known: [*(each for each in known.requests if each.until > now), request],
        )
    if port.domain in mesh.domain_names:
        settle(mesh, port.domain)
    return became(waiting or request, grants_of(mesh.documents, port.domain))


def asked_by(mesh: Mesh, domain: str) -> tuple[Asked, ...]:
    """What a domain has asked for, and what became of it, the newest last."""
    known: dict[str, Grants] = {}
    found: Requests = requests_of(mesh.documents, domain)
    for each in found.requests:
        if each.port.domain not in known:
            known[each.port.domain] = grants_of(mesh.documents, each.port.domain)
    return tuple(became(each, known[each.port.domain]) for each in found.requests)


def became(request: AccessRequest, known: Grants) -> Asked:
    """What the producer has made of a request."""
    key = (request.domain, request.id)
    grants = [each for each in known.grants if (each.domain, each.request) == key]
    refusals = [each for each in known.refusals if (each.domain, each.request) == key]
    return Asked(request, grants[0] if grants else None, refusals[0] if refusals else None)


def _waiting(mesh: Mesh, asked: AccessRequest) -> AccessRequest | None:
    """The same request, where nobody has decided on it yet: who asks twice waits once."""
    decided = grants_of(mesh.documents, asked.port.domain).decided()

    def what(each: AccessRequest) -> tuple[object, ...]:
        return each.by, each.port, each.purpose, each.until

    known = requests_of(mesh.documents, asked.domain).requests
    same = (each for each in known if what(each) == what(asked))
    return next((each for each in same if (each.domain, each.id) not in decided), None)


def _request(
    domain: str,
    principal: Principal,
    port: Address,
    *,
    purpose: str,
    until: datetime,
    identity: str,
) -> AccessRequest:
    made = AccessRequest(
        id=clock.new_id(),
        by=principal,
        domain=domain,
        port=port,
        purpose=purpose.strip()[:LONGEST_PURPOSE],
        until=until,
        at=clock.now(),
        asked_by=identity[:300],
    )
    return replace(made, digest=digest_of(made))


def _own(principal: Principal, asking: str) -> frozenset[str]:
    """The domain that a principal is, or a team is of; somebody else's is not known."""
    if principal.kind is PrincipalKind.TEAM:
        return frozenset({asking})
    return frozenset({principal.name} if principal.kind is PrincipalKind.DOMAIN else ())


def _domain(mesh: Mesh, who: Reader, by: Principal | None, port: Address) -> str:
    """In whose prefix the request is written: it has to be a domain of this checkout."""
    here = sorted(mesh.domain_names)
    if by is not None and by.kind is PrincipalKind.DOMAIN:
        possible = [each for each in here if each == by.name]
    else:
        possible = sorted(who.domains & set(here)) or [each for each in here if each != port.domain]
    if len(possible) == 1:
        return possible[0]
    if by is not None and by.kind is PrincipalKind.DOMAIN:
        what = f"the files of {by.name} are not in this checkout, and only it asks for itself"
    else:
        what = f"it is not clear for which domain you ask: {', '.join(possible) or 'none is here'}"
    raise UsageError(
        what,
        code=UNCLEAR,
        fix=f"mesh request {port.path} --for domain:{possible[0] if possible else 'NAME'} ..., "
        "with one whose files are here",
    )
