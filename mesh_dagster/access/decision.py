"""Whether somebody may read a port: a pure function of who asks and what is asked for.

The rules are asked in their order, and the first that has an answer gives it. A refusal stands
before every right; what no rule allows is refused. So a right that is added never takes one away,
and nothing that is not written down lets anybody in.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from mesh_dagster.model.access import AccessDecision, Effect, Grant
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal, PrincipalKind
from mesh_dagster.model.product import Product, Stage, Status

_FEW = 3
_LONGEST = 200
_MONTH = timedelta(days=30)


class Audience(IntEnum):
    """How far beyond its own domain a product may be read at all, by its stage."""

    OWN = 0
    """Its own domain alone: whatever else is granted does not count."""
    FEW = 1
    """Those to whom it was granted."""
    EVERYBODY = 2


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, by all names that rights can be given to.

    `principal` is the one that the audit names, `domains` are those that he is of. `develops` are
    the domains whose files somebody has before him whom no file names: their stages do not bind
    him, and what is confidential does.
    """

    principal: Principal
    identity: str
    principals: frozenset[Principal]
    domains: frozenset[str] = frozenset()
    develops: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guarded:
    """A port, with all that a decision depends on.

    `confidential` names its columns that are, `rights` are the grants and refusals of the port.
    `objection` is what a policy has against this reading; `unknown` says why the rights, or the
    columns, cannot be known now.
    """

    port: Address
    audience: Audience
    stage: str
    confidential: tuple[str, ...] = ()
    rights: tuple[Grant, ...] = ()
    objection: str | None = None
    unknown: str | None = None
    purpose: str | None = None
    """What this reading is for, where that is stated; None: what a grant is for is presumed."""

    @property
    def is_open(self) -> bool:
        """Whether everybody in the mesh may read it."""
        return self.audience is Audience.EVERYBODY and not self.confidential


_BY_STAGE = {
    Stage.ALPHA: Audience.OWN,
    Stage.BETA: Audience.FEW,
    Stage.STABLE: Audience.EVERYBODY,
}
_SERVED = (Status.ACTIVE, Status.DEPRECATED)


def audience_of(product: Product) -> Audience:
    """How far a product may be read: by its stage while it is served, and otherwise not at all.

    To deprecate a product widens nothing: the stage that it had goes on counting.
    """
    if product.status not in _SERVED:
        return Audience.OWN
    return _BY_STAGE.get(product.stage, Audience.OWN)


def stage_word(product: Product) -> str:
    """The stage as a message names it: its status where that is what counts."""
    return product.stage.value if product.status in _SERVED else product.status.value


def decide(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision:
    """Whether this reader may read this port now, by which rule and why."""
    for rule in _RULES:
        found = rule(reader, guarded, now)
        if found is not None:
            return found
    return _refused(reader, guarded, now)


def _denied(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    for each in guarded.rights:
        if each.effect is Effect.DENY and _concerns(each, reader, guarded) and each.holds(now):
            return AccessDecision(
                False,
                f"{guarded.port.path} is denied to {each.principal} until {_day(each.until)}, by "
                f"{each.by}: {each.why}",
                "denied",
                each.id,
                f"ask its owner: mesh show {guarded.port.path}",
            )
    return None


def _objected(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    if guarded.objection is None:
        return None
    return AccessDecision(False, guarded.objection, "policy", fix="mesh policy list")


def _own(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    if guarded.port.domain not in reader.domains:
        return None
    return AccessDecision(True, f"{guarded.port.domain} reads what is its own", "own-domain")


def _unknown(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    if guarded.unknown is None:
        return None
    return AccessDecision(
        False,
        f"who may read {guarded.port.path} cannot be told: {guarded.unknown}",
        "unknown",
        fix=f"mesh access grants {guarded.port.domain}",
    )


def _developing(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    if guarded.confidential or guarded.port.domain not in reader.develops:
        return None
    return AccessDecision(
        True, f"the files of {guarded.port.domain} are here, and nothing in it is confidential",
        "developer",
    )  # fmt: skip


def _open(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    if not guarded.is_open:
        return None
    return AccessDecision(
        True, f"it is {guarded.stage}, and no column of it is confidential", "open"
    )


def _granted(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision | None:
    if guarded.audience is Audience.OWN:
        return None
    for each in guarded.rights:
        if each.effect is Effect.ALLOW and _concerns(each, reader, guarded) and each.holds(now):
            if not _is_for(each, guarded):
                continue
            presumed = "" if guarded.purpose is not None or not each.purpose else ", as is presumed"
            return AccessDecision(
                True,
                f"granted to {each.principal} until {_day(each.until)}, by {each.by}, for "
                f"{_said(each.purpose)}{presumed}",
                "granted",
                each.id,
            )
    return None


Rule = Callable[[Reader, Guarded, datetime], AccessDecision | None]
_RULES: tuple[Rule, ...] = (_denied, _objected, _own, _unknown, _open, _developing, _granted)


def _refused(reader: Reader, guarded: Guarded, now: datetime) -> AccessDecision:
    """The answer where no rule allows it: what would have to be otherwise."""
    path = guarded.port.path
    if guarded.audience is Audience.OWN:
        if guarded.confidential and guarded.port.domain in reader.develops:
            return AccessDecision(
                False, _needs(guarded), "confidential",
                fix=f"name yourself among the members in domain.yaml of {guarded.port.domain}",
            )  # fmt: skip
        over = guarded.stage == Stage.RETIRED
        return AccessDecision(
            False,
            f"{path} is {guarded.stage}: only {guarded.port.domain} itself reads it",
            "stage",
            fix=f"mesh show {path} says what there is instead"
            if over
            else f"mesh show {path} says whom to ask; others may read it from beta on",
        )
    stated = "'...'" if guarded.purpose is None else shlex.quote(_plain(guarded.purpose))
    asking = f"mesh request {path} --purpose {stated} --until {_day(now + _MONTH)}"
    mine = [each for each in guarded.rights
            if each.effect is Effect.ALLOW and _concerns(each, reader, guarded)]  # fmt: skip
    if in_force := [each for each in mine if each.holds(now)]:
        return _otherwise(in_force, guarded, asking)
    if mine:
        return _over(mine[0], guarded, now, asking)
    rule = "confidential" if guarded.confidential else "beta"
    return AccessDecision(
        False, f"{_needs(guarded)}; {reader.principal} has none", rule, fix=asking
    )


def _otherwise(mine: list[Grant], guarded: Guarded, asking: str) -> AccessDecision:
    """Somebody has rights, and states a purpose that none of them is for."""
    purposes = list(dict.fromkeys(_said(each.purpose) for each in mine))
    more = ", …" if len(purposes) > _FEW else ""
    return AccessDecision(
        False,
        f"{guarded.port.path} is granted to {mine[0].principal} for "
        f"{', '.join(purposes[:_FEW])}{more}, and not for {_said(guarded.purpose or '')}",
        "purpose",
        mine[0].id,
        asking,
    )


def same_purpose(one: str, other: str) -> bool:
    """Whether two purposes are one: their case does not count, nor how their words are set."""
    return one.casefold().split() == other.casefold().split()


def _is_for(each: Grant, guarded: Guarded) -> bool:
    return guarded.purpose is None or same_purpose(each.purpose, guarded.purpose)


def _said(purpose: str) -> str:
    return repr(" ".join(purpose.split())[:_LONGEST])


def _plain(text: str) -> str:
    """As a command takes it that somebody pastes."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _over(each: Grant, guarded: Guarded, now: datetime, asking: str) -> AccessDecision:
    """Somebody had a right, or will have one."""
    path = guarded.port.path
    if each.revoked_at is not None and each.revoked_at <= now:
        what = f"was revoked on {_day(each.revoked_at)} by {each.revoked_by}"
        return AccessDecision(False, f"the grant of {path} {what}", "revoked", each.id, asking)
    if now < each.since:
        what = f"begins on {_day(each.since)}"
        return AccessDecision(False, f"the grant of {path} {what}", "later", each.id)
    what = f"ended on {_day(each.until)}"
    return AccessDecision(False, f"the grant of {path} {what}", "expired", each.id, asking)


def _needs(guarded: Guarded) -> str:
    if not guarded.confidential:
        return f"{guarded.port.path} is {guarded.stage}: others read it by grant"
    some = ", ".join(guarded.confidential[:_FEW])
    more = ", …" if len(guarded.confidential) > _FEW else ""
    return f"{guarded.port.path} holds what is confidential ({some}{more}): it is read by grant"


def _concerns(each: Grant, reader: Reader, guarded: Guarded) -> bool:
    if each.principal not in reader.principals or each.port != guarded.port:
        return False
    of_team = each.principal.kind is PrincipalKind.TEAM and each.effect is Effect.ALLOW
    # Any domain may call its team as it likes: a right is that of the domain that asked for it.
    return not of_team or each.domain is None or each.domain in reader.domains


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
