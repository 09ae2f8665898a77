"""What owners decide about rights to read what is theirs: grant, refuse, revoke, deny.

Each decision is one change of the domain's document of grants, so of two owners one is first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mesh_dagster import clock
from mesh_dagster.access.decision import Audience
from mesh_dagster.access.requests import flaw_of, place_taken
from mesh_dagster.errors import JournalError, UsageError
from mesh_dagster.model.access import AccessRequest, Effect, Grant, Refusal
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal
from mesh_dagster.products.granting import audit
from mesh_dagster.products.granting.guarding import guarded
from mesh_dagster.products.granting.settling import entry_about, grant_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.grants import Grants, grants_of, put_grants
from mesh_dagster.reviews.misfits import MISFIT

DECIDED = "MESH-M045"
NO_GRANT = "MESH-A005"


def grant(
    mesh: Mesh, request: AccessRequest, by: str, why: str, until: datetime | None = None
) -> Grant:
    """Give the right that was asked for, for as long as asked or less.

    Raises `UsageError` where the stage of the product has no place for it, `JournalError` where
    somebody has decided on it before.
    """
    now = clock.now()
    port, _ = guarded(mesh, mesh.resolve(request.port))
    if (flaw := flaw_of(request, request.domain, now)) is not None:
        raise UsageError(f"the request {request.id} cannot be granted: {flaw}", code=MISFIT)
    if port.audience is Audience.OWN:
        raise UsageError(
            f"{port.port.path} is {port.stage}: only {port.port.domain} itself reads it",
            code=MISFIT,
            fix=f"mesh promote {port.port.path}, or refuse it",
        )
    made = grant_of(request, by, why)
    made = replace(made, until=min(until or request.until, request.until))

    def changed(known: Grants) -> Grants:
        _require_undecided(known, request)
        others = mesh.config.lifecycle.readers_in_beta
        taken = place_taken(request, port, known.of(request.port), now, others=others)
        if taken is not None:
            raise UsageError(
                f"{port.port.path} is {port.stage}, and {taken} reads it already",
                code=MISFIT,
                fix=f"mesh promote {port.port.path}, or revoke that: "
                f"mesh access grants {port.port.path}",
            )
        return replace(known, grants=(*known.grants, made))

    _change(mesh, request.port.domain, changed)
    _tell(mesh, made, "grant", by, why)
    return made


def refuse(mesh: Mesh, request: AccessRequest, by: str, why: str) -> Refusal:
    """Refuse what was asked for. Raises `JournalError` where somebody has decided on it before."""
    made = Refusal(request.id, request.domain, request.digest, clock.now(), by, why)

    def changed(known: Grants) -> Grants:
        _require_undecided(known, request)
        return replace(known, refusals=(*known.refusals, made))

    _change(mesh, request.port.domain, changed)
    _tell(mesh, grant_of(request, by, why), "refuse", by, why)
    return made


def revoke(mesh: Mesh, domain: str, id: str, by: str, why: str) -> Grant:
    """Take a right back, from now on. Raises `UsageError` for one that is not in force."""
    found = find_grant(mesh, domain, id)
    now = clock.now()
    revoked = replace(found, revoked_at=now, revoked_by=by)

    def changed(known: Grants) -> Grants:
        if found not in known.grants or not found.holds(now):
            raise _not_in_force(found, now)
        rest = (each for each in known.grants if each != found)
        return replace(known, grants=(*rest, revoked))

    _change(mesh, domain, changed)
    _tell(mesh, revoked, "revoke", by, why)
    return revoked


def deny(
    mesh: Mesh, port: Address, principal: Principal, until: datetime, *, by: str, why: str
) -> Grant:
    """Keep somebody from a port, whatever other rights he has, until a moment."""
    now = clock.now()
    if until <= now:
        raise UsageError(
            f"{until:%Y-%m-%d %H:%M} is over already: it is {now:%Y-%m-%d %H:%M} in this mesh",
            fix="--until a moment to come",
        )
    made = Grant(
        clock.new_id(), Effect.DENY, principal, port, "", since=now, until=until, by=by, why=why
    )
    _change(mesh, port.domain, lambda known: replace(known, grants=(*known.grants, made)))
    _tell(mesh, made, "deny", by, why)
    return made


def find_grant(mesh: Mesh, domain: str, id: str) -> Grant:
    """The grant of an id, or of the beginning of one. Raises `UsageError`."""
    asked = id.strip().lower()
    known = grants_of(mesh.documents, domain).grants
    found = [each for each in known if each.id == asked] or [
        each for each in known if asked and each.id.startswith(asked)
    ]
    if len(found) == 1:
        return found[0]
    what = f"may be any of {', '.join(each.id for each in found[:5])}" if found else "is none"
    raise UsageError(
        f"{id[:100]!r} {what} of the grants of {domain}",
        code=NO_GRANT,
        fix=f"mesh access grants {domain}",
    )


def _change(mesh: Mesh, domain: str, change: Callable[[Grants], Grants]) -> None:
    put_grants(mesh.documents, domain, clock.now(), change)


def _tell(mesh: Mesh, about: Grant, means: str, by: str, why: str) -> None:
    entry = entry_about(about, means, means == "grant", f"{by}: {why}", by)
    audit.append(mesh, about.port.domain, [entry])


def _require_undecided(known: Grants, request: AccessRequest) -> None:
    if (request.domain, request.id) in known.decided():
        raise JournalError(
            f"somebody was first: the request {request.id} of {request.domain} is decided",
            code=DECIDED,
            fix=f"mesh access grants {request.port.domain}",
        )


def _not_in_force(grant: Grant, now: datetime) -> UsageError:
    state = "was revoked" if grant.revoked_at else "has ended" if grant.until <= now else "changed"
    return UsageError(
        f"the grant {grant.id} {state}: there is nothing to revoke",
        code=NO_GRANT,
        fix=f"mesh access grants {grant.port.domain}",
    )
