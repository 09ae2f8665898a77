"""What owners do with the life of a product: promote, deprecate, retire.

The evidence is looked up first, the move is on the record before anything follows from it, then
the product's own files say it, and its readers are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mesh_dagster import clock
from mesh_dagster.errors import UsageError
from mesh_dagster.model.access import Effect, Grant
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.life import Evidence, Move, Need, Transition, life_of, missing, moved
from mesh_dagster.model.partition import LAST_YEAR
from mesh_dagster.model.product import Deprecation, Stage, Status
from mesh_dagster.ports import pointer
from mesh_dagster.products.governing.evidence import evidence_for
from mesh_dagster.products.governing.judging import policy_findings
from mesh_dagster.products.governing.readers import Dependent, dependents
from mesh_dagster.products.governing.rewriting import Rewriting, of_custom, of_status
from mesh_dagster.products.keeping.alerting import publish_news
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.describe import announce
from mesh_dagster.registry.grants import grants_of
from mesh_dagster.reviews.identity import owner_among

NOT_FROM_HERE = "MESH-P040"
LACKS_EVIDENCE = "MESH-P041"
STILL_READ = "MESH-P042"
BAD_SUNSET = "MESH-P043"
_HAS_EVIDENCE = "stage-has-evidence"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A product, where it would get to, and the evidence for that."""

    product: Address
    before: Stage
    after: Stage
    evidence: tuple[Evidence, ...]

    @property
    def missing(self) -> tuple[Need, ...]:
        return missing(self.after, self.evidence)


def weigh(mesh: Mesh, loaded: LoadedProduct) -> Promotion:
    """What there is for the next promotion of a product, and what is missing.

    Raises `UsageError` where there is no next one.
    """
    before, after = _move(loaded, Move.PROMOTE)
    found = evidence_for(mesh, loaded, after)
    return Promotion(loaded.product.address, before, after, found)


def objections(mesh: Mesh, loaded: LoadedProduct, stage: Stage) -> tuple[Finding, ...]:
    """What policies would have against a product once it is promoted to a stage.

    Said before, since they ask more of each stage; a promotion itself is the evidence of one.
    """
    product = replace(loaded.product, status=Status.ACTIVE, stage=stage)
    found = policy_findings(mesh, [replace(loaded, product=product)])
    return tuple(each for each in found if each.code != _HAS_EVIDENCE)


def promote(
    mesh: Mesh, loaded: LoadedProduct, identities: Iterable[Identity], *, why: str = ""
) -> Transition:
    """Promote a product by one stage, as one of its owners.

    Raises `UsageError` where evidence is missing, for who does not own it, and for files that have
    to be changed by hand.
    """
    by = owner_among(loaded, identities)
    weighed = weigh(mesh, loaded)
    path = loaded.product.address.path
    if weighed.missing:
        lacking = [each for each in weighed.evidence if each.need in weighed.missing]
        raise UsageError(
            f"{path} is not ready for {weighed.after}: "
            + "; ".join(f"{each.need}: {each.seen}" for each in lacking),
            code=LACKS_EVIDENCE,
            where=loaded.product.where,
            fix=next((each.fix for each in lacking if each.fix), f"mesh promote {path}"),
        )
    if weighed.before is Stage.DRAFT:
        rewriting = of_status(
            loaded, Status.ACTIVE, told=_is_published(mesh, loaded), stage=weighed.after.value
        )
    else:
        rewriting = of_custom(loaded, stage=weighed.after.value)
    made = _transition(loaded, weighed.before, weighed.after, by, why, evidence=weighed.evidence)
    return _done(mesh, loaded, rewriting, made)


def deprecate(
    mesh: Mesh,
    loaded: LoadedProduct,
    identities: Iterable[Identity],
    *,
    sunset: date,
    why: str = "",
    instead: Address | None = None,
) -> Transition:
    """Say that a product ends on a day, and tell its readers; who deprecates it again moves that
    day.

    Raises `UsageError` for a sunset that leaves its readers no time, or less than they were told,
    for who does not own it, and for files that have to be changed by hand; `UnknownAddress` for an
    `instead` that nobody knows.
    """
    by = owner_among(loaded, identities)
    product = loaded.product
    again = life_of(product) is Stage.DEPRECATED
    before = Stage.DEPRECATED if again else _move(loaded, Move.DEPRECATE)[0]
    _refuse_sunset(mesh, loaded, sunset)
    known = product.deprecation or Deprecation()
    successor = None if instead is None else mesh.resolve(instead)
    if successor is not None and successor.of_product == product.address:
        raise UsageError(f"{product.address.path} cannot stand in for itself", code=BAD_SUNSET)
    said = {
        "sunset": sunset.isoformat(),
        "instead": str(successor or known.instead or ""),
        "why": why.strip() or known.why or "",
    }
    said = {key: value for key, value in said.items() if value}
    rewriting = of_status(
        loaded, Status.DEPRECATED, told=_is_published(mesh, loaded), deprecation=said
    )
    made = _transition(
        loaded,
        before,
        Stage.DEPRECATED,
        by,
        said.get("why", ""),
        sunset=sunset,
        instead=said.get("instead"),
    )
    return _done(mesh, loaded, rewriting, made)


def retire(
    mesh: Mesh, loaded: LoadedProduct, identities: Iterable[Identity], *, why: str = ""
) -> Transition:
    """End a product: nothing of it is made any more, and what was published is kept.

    Raises `UsageError` while anybody needs it, or before its sunset.
    """
    by = owner_among(loaded, identities)
    before, after = may_retire(mesh, loaded)
    rewriting = of_status(loaded, Status.RETIRED, told=_is_published(mesh, loaded))
    return _done(mesh, loaded, rewriting, _transition(loaded, before, after, by, why))


def may_retire(mesh: Mesh, loaded: LoadedProduct) -> tuple[Stage, Stage]:
    """From where to where it would go. Raises `UsageError` where it may not be retired."""
    before, after = _move(loaded, Move.RETIRE)
    path, said = loaded.product.address.path, loaded.product.deprecation
    left = dependents(mesh, loaded.product.address)
    if left:
        raise UsageError(
            f"{path} is still needed: " + "; ".join(f"{each.path} {each.how}" for each in left),
            code=STILL_READ,
            where=left[0].where,
            fix=_ask(left[0], said),
        )
    if granted := _granted(mesh, loaded.product.address):
        raise UsageError(
            f"{path} is still read by grant: "
            + "; ".join(f"{each.principal} until {each.until:%Y-%m-%d}" for each in granted[:5]),
            code=STILL_READ,
            where=loaded.product.where,
            fix=f"mesh access revoke {granted[0].id} --why '...'",
        )
    sunset = said.sunset if said else None
    if sunset is not None and clock.now().date() <= sunset:
        raise UsageError(
            f"{path} is served until {sunset}, as everybody was told, and today is "
            f"{clock.now():%Y-%m-%d}",
            code=BAD_SUNSET,
            where=loaded.product.where,
            fix=f"mesh retire {path}, from {sunset + timedelta(days=1)} on",
        )
    return before, after


def _move(loaded: LoadedProduct, move: Move) -> tuple[Stage, Stage]:
    product = loaded.product
    stage = life_of(product)
    after = moved(stage, move)
    if after is not None:
        return stage, after
    path = product.address.path
    fix = {
        (Stage.STABLE, Move.RETIRE): f"mesh deprecate {path} --sunset DAY, which tells its readers",
        (Stage.DRAFT, Move.DEPRECATE): f"mesh retire {path}",
        (Stage.DEPRECATED, Move.PROMOTE): "status: active, in the descriptor and its contracts",
    }.get((stage, move), f"mesh show {path}")
    raise UsageError(
        f"{path} is {stage}, and what is {stage} cannot be "
        f"{'retired' if move is Move.RETIRE else f'{move}d'}",
        code=NOT_FROM_HERE,
        where=product.where,
        fix=fix,
    )


def _refuse_sunset(mesh: Mesh, loaded: LoadedProduct, sunset: date) -> None:
    product, today = loaded.product, clock.now().date()
    path, days = product.address.path, mesh.config.lifecycle.notice_days
    told = product.deprecation.sunset if product.deprecation else None
    if sunset.year > LAST_YEAR:
        raise UsageError(f"{sunset} is after the years of the mesh", code=BAD_SUNSET)
    if told is not None and told <= sunset:
        return
    earliest = today + timedelta(days=days)
    if told is not None:
        what = f"its readers were told {told}; {sunset} is before that"
        fix = f"mesh deprecate {path} --sunset {told}, or a day after it"
    elif sunset < earliest:
        what = f"{sunset} leaves the readers of {path} less than {days} days, from {today} on"
        fix = f"mesh deprecate {path} --sunset {earliest}"
    else:
        return
    raise UsageError(what, code=BAD_SUNSET, where=product.where, fix=fix)


def _ask(first: Dependent, said: Deprecation | None) -> str:
    move = f" to {said.instead.path}" if said and said.instead else ""
    team = first.product.team or first.domain
    return f"ask {team} to move{move}: mesh show {first.path}"


def _granted(mesh: Mesh, product: Address) -> list[Grant]:
    """Who may read it by a grant that is in force."""
    now, known = clock.now(), grants_of(mesh.documents, product.domain).grants
    mine = (each for each in known if each.port.of_product == product)
    return [each for each in mine if each.effect is Effect.ALLOW and each.holds(now)]


def _is_published(mesh: Mesh, loaded: LoadedProduct) -> bool:
    return pointer.current(mesh.storage, loaded.product.address) is not None


def _transition(
    loaded: LoadedProduct, before: Stage, after: Stage, by: Identity, why: str, **rest: object
) -> Transition:
    path = loaded.product.address.path
    return Transition(clock.new_id(), path, before, after, by, clock.now(), why.strip(), **rest)  # type: ignore[arg-type]


def _done(mesh: Mesh, loaded: LoadedProduct, rewriting: Rewriting, made: Transition) -> Transition:
    """Record it, write it, and tell everybody.

    Raises what the journal and the files raise. A registry that refuses keeps nobody from deciding:
    the location of the domain tells the rest.
    """
    with mesh.journal(loaded.domain.name) as journal:
        journal.lives.record(made)
        written = rewriting.write()
        announce(mesh, written)
        publish_news(mesh, loaded.domain, journal)
    return made
