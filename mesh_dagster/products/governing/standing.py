"""How policies stand: what they have against products now, and when they last fired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.journal.policy_log import Fired
from mesh_dagster.model.policy import Moment, Scope
from mesh_dagster.policies.bound import Bound
from mesh_dagster.policies.sets import installed
from mesh_dagster.products.governing.ledger import fired
from mesh_dagster.products.governing.simulating import bound_as_here, judged_at, products_here
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.documents import documents

IDLE = timedelta(days=90)
"""For how long a policy that says nothing is not remarkable."""


@dataclass(frozen=True, slots=True)
class PolicyStanding:
    """A policy as it holds here. `domains` are those of which it is; of the mesh's there are none.

    `against` are the ports that it has something against now, `waived` those of them that are
    let off; None where it does not hold.
    """

    bound: Bound
    holds: bool
    domains: tuple[str, ...] = ()
    against: tuple[str, ...] | None = None
    waived: tuple[str, ...] = ()
    asked_since: datetime | None = None
    last: datetime | None = None
    last_unwaived: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it was asked for 90 days, and never fired in them."""
        since = clock.now() - IDLE
        asked = self.asked_since is not None and self.asked_since <= since
        return self.holds and asked and (self.last is None or self.last < since)

    @property
    def is_always_waived(self) -> bool:
        """Whether it fired in the last 90 days, and everybody was let off each time."""
        since = clock.now() - IDLE
        fires = self.last is not None and self.last >= since
        return fires and (self.last_unwaived is None or self.last_unwaived < since)


def standings(mesh: Mesh, *, every: bool = False) -> list[PolicyStanding]:
    """The policies that hold in the domains of this checkout, the mesh's first.

    `every`: also those that are installed and hold nowhere.
    """
    held: dict[str, Bound] = {}
    domains = defaultdict[str, list[str]](list)
    for name in ("", *mesh.domain_names):
        governed = mesh.governed(name)
        for id, bound in governed.policies.items() if governed else ():
            held.setdefault(id, bound)
            if bound.scope is Scope.DOMAIN:
                domains[id].append(name)
    against, waived = _now(mesh)
    log = fired(mesh)
    found = [
        _with_log(
            PolicyStanding(
                bound,
                True,
                tuple(domains[id]),
                tuple(sorted(against[id])),
                tuple(sorted(waived[id])),
            ),
            log.get(id),
        )
        for id, bound in held.items()
    ]
    if every:
        others = (kind.id for one in installed() for kind in one if kind.id not in held)
        found += [PolicyStanding(bound_as_here(mesh, id), False) for id in others]
    return found


def _with_log(standing: PolicyStanding, log: Fired | None) -> PolicyStanding:
    if log is None:
        return standing
    return replace(standing, asked_since=log.since, last=log.last, last_unwaived=log.unwaived)


def _now(mesh: Mesh) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """The ports that each policy has something against, at whatever moment, and those let off."""
    against, waived = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    products = products_here(mesh)
    for moment in Moment:
        for each in judged_at(mesh, products, moment):
            against[each.bound.id].add(each.finding.subject)
            if each.waiver is not None:
                waived[each.bound.id].add(each.finding.subject)
    return against, waived


def versions(mesh: Mesh) -> dict[str, Mapping[str, str]]:
    """The sets of policies that each domain runs: of this checkout what is installed, of others
    what their documents tell."""
    found: dict[str, Mapping[str, str]] = {}
    with suppress(MeshError):
        found = {each.about.name: each.about.policies for each in documents(mesh.documents)}
    for domain in mesh.domains:
        governed = mesh.governed(domain.name)
        found[domain.name] = governed.versions if governed else {}
    return dict(sorted(found.items()))
