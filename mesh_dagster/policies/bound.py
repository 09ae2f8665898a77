"""A policy as it holds in one domain: what its class says, and what mesh.yaml and domain.yaml
make of that. The mesh sets it as it likes; a domain may tighten it, and never loosen it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from mesh_dagster.descriptors.policies import EVERY_STAGE
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import MeshError, first_line
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import NOT_ASKED, Force, PolicySetting, PolicySettings, Scope
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.policy import Policy, Severities
from mesh_dagster.policies.sets import PolicySet, policy_set

NO_SET = "MESH-P003"
NO_POLICY = "MESH-P004"
WRONG_OPTION = "MESH-P005"
LOOSENED = "MESH-P006"
_WEIGHT = {None: 0, Severity.WARNING: 1, Severity.ERROR: 2}
_FORCES = (Force.DRAFT, Force.GRACE, Force.ENFORCED)


@dataclass(frozen=True, slots=True)
class Bound:
    """One policy in force. `where` is the `file:line` that last set anything of it."""

    policy: Policy
    set: str
    scope: Scope
    force: Force
    until: date | None
    severity: Severities
    where: str | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        return self.policy.id

    def grave(self, stage: Stage, today: date) -> Severity | None:
        """How grave a violation is on a day; None where it is not asked at that stage."""
        found = self.severity.get(stage)
        if found is None or self.force is Force.ENFORCED:
            return found
        in_grace = self.force is Force.GRACE and self.until is not None and today > self.until
        return found if in_grace else Severity.WARNING

    @property
    def is_draft(self) -> bool:
        """Whether only those who govern are told."""
        return self.force is Force.DRAFT


@dataclass(slots=True)
class Binding:
    """What is bound so far, and what is wrong with what binds it."""

    bound: dict[str, Bound] = field(default_factory=dict)
    sets: dict[str, PolicySet] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    subject: str = ""

    def bind(self, settings: PolicySettings, scope: Scope, subject: str) -> None:
        """Add the sets of a file, and what it says of policies that are bound by then."""
        self.subject = subject
        for name in settings.sets:
            self._add(name, scope, settings.where)
        for each in settings.settings:
            found = self.bound.get(each.policy)
            if found is None:
                hint = did_you_mean(each.policy, self.bound)
                message = f"no policy is called `{each.policy[:100]}` here{hint}"
                self._report(NO_POLICY, message, each.where, "mesh policy list shows those here")
            elif scope is Scope.DOMAIN and found.scope is Scope.GLOBAL:
                self.bound[each.policy] = self._tightened(found, each)
            else:
                self.bound[each.policy] = self._set(found, each)

    def _add(self, name: str, scope: Scope, where: str | None) -> None:
        if name in self.sets:
            return
        try:
            found = policy_set(name)
            made = [each() for each in found]
        except Exception as error:  # noqa: BLE001 (sets come from other packages)
            told = f"the set of policies `{name[:100]}` cannot be used: {first_line(error)}"
            self._report(NO_SET, told, where, error.fix if isinstance(error, MeshError) else None)
            return
        self.sets[name] = found
        for each in made:
            if each.id not in self.bound:
                grave, until = each.severity, each.until
                self.bound[each.id] = Bound(each, name, scope, each.force, until, grave, where)

    def _set(self, bound: Bound, stated: PolicySetting) -> Bound:
        policy = bound.policy
        if stated.options:
            policy = self._with_options(policy, stated)
        force = bound.force if stated.force is None else stated.force
        until = bound.until if stated.force is None else stated.until
        return replace(
            bound,
            policy=policy,
            force=force,
            until=until,
            severity=_severities(bound.severity, stated.severity),
            where=stated.where,
        )

    def _with_options(self, policy: Policy, stated: PolicySetting) -> Policy:
        known = type(policy).options
        good = {}
        for name, value in stated.options.items():
            if name not in known:
                message = f"`{policy.id}` has no option `{name[:100]}`{did_you_mean(name, known)}"
            elif not _fits(value, known[name]):
                message = f"`{name}` of `{policy.id}` is {value!r:.80}, as in {known[name]!r:.80}"
            else:
                good[name] = value
                continue
            fix = f"mesh policy explain {policy.id}"
            self._report(WRONG_OPTION, message, stated.where, fix)
        return type(policy)(**good)

    def _tightened(self, bound: Bound, stated: PolicySetting) -> Bound:
        """What a domain makes of a policy of the mesh, without what would loosen it."""
        wanted = self._set(bound, replace(stated, options={}))
        looser = list(_looser(bound, wanted))
        looser += [f"its option `{name[:100]}` is the mesh's" for name in stated.options]
        for each in looser:
            message = (
                f"`{bound.id}` holds for the whole mesh, and a domain cannot loosen it: {each}"
            )
            fix = (
                f"remove it, or ask for a waiver: mesh waive {bound.id} {self.subject} "
                "--why '...' --until DAY"
            )
            self._report(LOOSENED, message, stated.where, fix)
        return bound if looser else wanted

    def _report(self, code: str, message: str, where: str | None, fix: str | None = None) -> None:
        grave = Severity.WARNING if code == NO_POLICY else Severity.ERROR
        self.findings.append(Finding(code, message, grave, self.subject, where, fix))


def _severities(before: Severities, stated: Mapping[str, str]) -> Severities:
    found = dict(before)
    for stage, grave in stated.items():
        stages = tuple(found) if stage == EVERY_STAGE else (Stage(stage),)
        for each in stages:
            if grave == NOT_ASKED:
                found.pop(each, None)
            else:
                found[each] = Severity(grave)
    return found


def _looser(before: Bound, after: Bound) -> Iterable[str]:
    """In what a policy asks less than before."""
    for stage in Stage:
        was, now = before.severity.get(stage), after.severity.get(stage)
        if _WEIGHT[now] < _WEIGHT[was]:
            yield f"at {stage} it is {was}, and would be {now or 'not asked'}"
    was_at, now_at = _FORCES.index(before.force), _FORCES.index(after.force)
    if now_at < was_at:
        yield f"its force is {before.force}, and would be {after.force}"
    elif before.until and after.until and after.until > before.until:
        yield f"its grace ends on {before.until}, and would end on {after.until}"


def _fits(value: object, default: object) -> bool:
    """Whether an option is of the kind of its default; of a list every item is."""
    if isinstance(default, list | tuple):
        of = type(default[0]) if default else str
        return isinstance(value, list) and all(type(each) is of for each in value)
    if isinstance(default, float):
        return type(value) in (int, float)
    return type(value) is type(default)
