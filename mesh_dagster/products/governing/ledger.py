"""What of the policies really fired, kept by the journals of domains.

It is noted where products are published, where a domain's location runs, and where it is refused
to load; what somebody asks at a prompt is not. That it cannot be noted stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.journal.policy_log import Fired, Firing
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import POLICY, RuleResult
from mesh_dagster.model.policy import Moment
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.journal import Journal
    from mesh_dagster.policies.judge import Judgement

_STANDING = (Moment.BUILD, Moment.LOAD)


def note_gate(
    mesh: Mesh, journal: Journal, loaded: LoadedProduct, results: Iterable[RuleResult]
) -> None:
    """Note what was asked when a product was published, and what of it fired."""
    product = loaded.product.address
    found = {
        Firing(each.rule, product.path, each.waived_by is not None)
        for each in results
        if each.kind == POLICY
    }
    with suppress(MeshError):
        journal.policies.record(clock.now(), _asked(mesh, product.domain, [Moment.PUBLISH]), found)


def note_domain(mesh: Mesh, domain: str, products: Sequence[LoadedProduct]) -> None:
    """Ask the policies about the products of a domain as they stand, and note what fires.

    Raises `JournalError`. Nothing is asked where no policy holds.
    """
    asked = _asked(mesh, domain, _STANDING)
    if not asked:
        return
    from mesh_dagster.products.governing.judging import judgements

    found = {each for moment in _STANDING for each in _firings(judgements(mesh, products, moment))}
    with mesh.journal(domain) as journal:
        journal.policies.record(clock.now(), asked, found)


def note_refused(mesh: Mesh, domain: str, judged: Iterable[Judgement]) -> None:
    """Note what fired where a domain is kept from loading."""
    with suppress(MeshError), mesh.journal(domain) as journal:
        asked = _asked(mesh, domain, [Moment.LOAD])
        journal.policies.record(clock.now(), asked, set(_firings(judged)))


def fired(mesh: Mesh) -> dict[str, Fired]:
    """What is known of each policy in the domains of this checkout that have a journal."""
    found: dict[str, Fired] = {}
    for domain in mesh.domains:
        place = mesh.journal_place(domain.name)
        if isinstance(place, Path) and not place.exists():
            continue
        with suppress(MeshError), mesh.journal(domain.name) as journal:
            for policy, each in journal.policies.fired().items():
                found[policy] = found[policy] | each if policy in found else each
    return found


def _firings(judged: Iterable[Judgement]) -> Iterable[Firing]:
    for each in judged:
        if not each.bound.is_draft:
            product = "/".join(each.finding.subject.split("/")[:3])
            yield Firing(each.bound.id, product, each.waiver is not None)


def _asked(mesh: Mesh, domain: str, moments: Iterable[Moment]) -> list[str]:
    governed = mesh.governed(domain)
    wanted = frozenset(moments)
    return [
        each.id
        for each in (governed.policies.values() if governed else ())
        if wanted & each.policy.moments and not each.is_draft
    ]
