"""What becomes of a request: it has a flaw, it is granted at once, or its owner decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from mesh_dagster.access.decision import Audience, Guarded
from mesh_dagster.model.access import AccessRequest, Effect, Grant
from mesh_dagster.model.principal import Principal, PrincipalKind
from mesh_dagster.registry.requests import digest_of

LONGEST = timedelta(days=400)
"""For how long a grant may be that nobody decides on."""
OTHERS_IN_BETA = 1
"""Domains that may read a product in beta beside its own."""


def flaw_of(request: AccessRequest, prefix: str, now: datetime) -> str | None:
    """Why a request that lies in the prefix of a domain is not to be looked at; None: it may be."""
    return next(_flaws(request, prefix, now), None)


def _flaws(request: AccessRequest, prefix: str, now: datetime) -> Iterator[str]:
    if request.domain != prefix:
        yield f"it lies in the prefix of {prefix} and says that {request.domain} asks"
    if request.by.kind is PrincipalKind.DOMAIN and request.by.name != prefix:
        yield f"{prefix} asks for {request.by}, which asks for itself alone"
    if request.digest != digest_of(request):
        yield "its digest is of another text"
    if not request.purpose.strip():
        yield "it states no purpose"
    if request.port.domain == prefix:
        yield "a domain reads what is its own without being granted it"
    if request.until <= now:
        yield f"it asked for a time that ended on {request.until.date()}"


def granted_at_once(
    request: AccessRequest,
    guarded: Guarded,
    earlier: Iterable[Grant],
    now: datetime,
    *,
    others: int = OTHERS_IN_BETA,
) -> bool:
    """Whether nobody has to decide on a request without a flaw: nothing in the port is
    confidential, its stage allows one more reader, and nobody has taken this right away from the
    domain that asks before, by whatever name it asks.

    `earlier` are all grants of the port.
    """
    if guarded.confidential or guarded.objection or guarded.unknown:
        return False
    if guarded.audience is Audience.OWN or request.until - now > LONGEST:
        return False
    known = list(earlier)
    names = (request.by, Principal(PrincipalKind.DOMAIN, request.domain))
    mine = [each for each in known if each.principal in names or each.domain == request.domain]
    if any(map(_taken_away, mine)):
        return False
    if guarded.audience is Audience.EVERYBODY:
        return True
    return len(_other_domains(known, now) - {request.domain}) < others


def place_taken(
    request: AccessRequest,
    guarded: Guarded,
    earlier: Sequence[Grant],
    now: datetime,
    *,
    others: int = OTHERS_IN_BETA,
) -> str | None:
    """The domains that read a product in beta already, where it has no place for one more."""
    if guarded.audience is not Audience.FEW:
        return None
    known = _other_domains(earlier, now) - {request.domain}
    return ", ".join(sorted(known)) if len(known) >= others else None


def _taken_away(each: Grant) -> bool:
    return each.effect is Effect.DENY or each.revoked_at is not None


def _other_domains(grants: Iterable[Grant], now: datetime) -> set[str]:
    """The domains that read by a grant now."""
    return {
        each.domain or str(each.principal)
        for each in grants
        if each.effect is Effect.ALLOW and each.holds(now)
    }
