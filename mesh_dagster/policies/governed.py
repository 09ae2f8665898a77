"""What governs one domain: the policies that hold there, and who is let off them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import date, timedelta
from functools import cached_property

from mesh_dagster.model.domain import Domain, MeshConfig
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.ownership import names_of
from mesh_dagster.model.policy import Moment, PolicyWaiver, Scope
from mesh_dagster.model.product import Member, Stage
from mesh_dagster.policies.bound import Binding, Bound

ENDED = "MESH-P007"
POINTLESS = "MESH-P008"
_A_MONTH = timedelta(days=30)

Asked = tuple[tuple[Bound, Severity], ...]
"""Policies with how grave a violation of each is."""


class Governed:
    """The policies of the mesh and those of one domain, as they hold in it.

    `waivers` are by whose policies they are about: those of the mesh, those of the domain.
    `findings` are what is wrong with the files that say all this. `name` is the domain's; empty
    where it is about no domain in particular.
    """

    def __init__(
        self,
        config: MeshConfig,
        domain: Domain | None = None,
        waivers: Mapping[Scope, Iterable[PolicyWaiver]] | None = None,
        findings: Iterable[Finding] = (),
    ) -> None:
        self.name = domain.name if domain else ""
        self.governance = config.governance
        binding = Binding()
        if config.policies is not None:
            binding.bind(config.policies, Scope.GLOBAL, config.name)
        if domain is not None and domain.policies is not None:
            binding.bind(domain.policies, Scope.DOMAIN, domain.name)
        self.policies: Mapping[str, Bound] = binding.bound
        self.versions = {name: each.version for name, each in sorted(binding.sets.items())}
        """Each set that holds here, with the version that is installed."""
        self.findings = (*findings, *binding.findings)
        self.waivers = {scope: tuple((waivers or {}).get(scope, ())) for scope in Scope}
        self._asked: dict[tuple[Moment, Stage, date], Asked] = {}

    def __bool__(self) -> bool:
        """Whether there is any policy at all, or anything wrong with what says so."""
        return bool(self.policies or self.findings)

    def asked(self, moment: Moment, stage: Stage, today: date) -> Asked:
        """The policies that are asked at a moment of products at a stage."""
        key = (moment, stage, today)
        if key not in self._asked:
            found = (
                (each, each.grave(stage, today))
                for each in self.policies.values()
                if moment in each.policy.moments
            )
            self._asked[key] = tuple((each, grave) for each, grave in found if grave is not None)
        return self._asked[key]

    def asking_only(self, bound: Bound) -> Governed:
        """The same with one policy alone, as it is given; waivers hold as they do."""
        other = copy(self)
        other.policies = {bound.id: bound}
        other._asked = {}
        return other

    def asks_at(self, moment: Moment) -> bool:
        """Whether any policy is asked at a moment."""
        return any(moment in each.policy.moments for each in self.policies.values())

    def waivers_of(self, bound: Bound, path: str) -> tuple[PolicyWaiver, ...]:
        """The waivers that are about a policy and a product, in force or not, the last first."""
        domain, product, *_ = path.split("/")
        found = [
            each
            for subject in (domain, f"{domain}/{product}", path)
            for each in self._by_subject.get((bound.scope, bound.id, subject), ())
        ]
        return tuple(sorted(found, key=lambda each: each.until, reverse=True))

    def may_waive(self, bound: Bound, by: str, people: Iterable[Member]) -> bool:
        """Whether somebody can let products off a policy: of the mesh's those who govern it, of
        the domain's its own people."""
        among = self.governance if bound.scope is Scope.GLOBAL else people
        return any(by.lower() in names_of(each) for each in among)

    def told(self, today: date) -> tuple[Finding, ...]:
        """What is wrong with the files, and with the waivers of this day."""
        return (*self.findings, *self._waivers_told(today))

    def _waivers_told(self, today: date) -> Iterable[Finding]:
        for scope, waivers in self.waivers.items():
            for each in waivers:
                bound = self.policies.get(each.policy)
                if bound is None or bound.scope is not scope:
                    holder = "mesh" if scope is Scope.GLOBAL else "domain"
                    yield _warning(
                        POINTLESS,
                        f"a waiver is about `{each.policy[:100]}`, no policy of the {holder}",
                        each,
                        "remove it; mesh policy list shows the policies, and whose they are",
                    )
                elif not each.holds(today):
                    yield _warning(
                        ENDED,
                        f"the waiver of `{each.policy}` ended on {each.until}: the policy bites",
                        each,
                        f"remove it, or mesh waive {each.policy} {each.subject} --why '...' "
                        f"--until {today + _A_MONTH}",
                    )

    @cached_property
    def _by_subject(self) -> Mapping[tuple[Scope, str, str], list[PolicyWaiver]]:
        found = defaultdict[tuple[Scope, str, str], list[PolicyWaiver]](list)
        for scope, waivers in self.waivers.items():
            for each in waivers:
                found[scope, each.policy, each.subject].append(each)
        return found


def _warning(code: str, message: str, waiver: PolicyWaiver, fix: str) -> Finding:
    return Finding(code, message, Severity.WARNING, waiver.subject[:100], waiver.where, fix)
