"""Asking policies about a product, and what follows from what they find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mesh_dagster.errors import first_line
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import Force, PolicyWaiver
from mesh_dagster.policies.bound import Bound
from mesh_dagster.policies.governed import Governed
from mesh_dagster.policies.view import View

MOST = 100
"""Findings of one policy about one product; a product with more has one cause for them all."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a policy has against a product, as grave as it is there and then.

    `waiver` is what lets the product off it.
    """

    bound: Bound
    finding: Finding
    waiver: PolicyWaiver | None = None

    @property
    def stands(self) -> bool:
        """Whether everybody is told of it: nobody is let off, and it is not a draft."""
        return self.waiver is None and not self.bound.is_draft

    @property
    def refuses(self) -> bool:
        """Whether it stops what the moment is about."""
        return self.stands and self.finding.severity is Severity.ERROR


def judge(governed: Governed, view: View) -> list[Judgement]:
    """Everything that the policies of a moment have against a product.

    A policy that cannot be evaluated says so, as gravely as it says anything.
    """
    found: list[Judgement] = []
    for bound, grave in governed.asked(view.moment, view.stage, view.today):
        findings = list(_found(bound, view))
        if findings:
            found += _judged(governed, bound, view, grave, findings)
    return found


def findings_of(governed: Governed, view: View) -> tuple[Finding, ...]:
    """What stands against a product, for whoever only has to know what refuses."""
    return tuple(each.finding for each in judge(governed, view) if each.stands)


def _found(bound: Bound, view: View) -> Iterator[Finding]:
    try:
        for number, each in enumerate(bound.policy.check(view)):
            if number == MOST:
                message = f"and more: {MOST} findings of `{bound.id}` are told"
                yield bound.policy.finding(view, message, fix="mend these first")
                return
            yield _plain(each)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (policies come from other packages)
        said = f"{type(error).__name__}: {first_line(error)}"
        message = f"the policy could not be evaluated: {said}"
        fix = f"tell {bound.policy.owner}, who answers for `{bound.id}`"
        yield bound.policy.finding(view, message, fix=fix)


def _plain(found: object) -> Finding:
    """A finding of whose parts everybody can rely on the types. Raises `TypeError`."""
    if not isinstance(found, Finding):
        raise TypeError(f"it found {found!r:.80}, which is no finding")
    texts = (found.code, found.message, found.subject)
    maybe = (found.where, found.fix)
    if not all(isinstance(each, str) for each in (*texts, *(each for each in maybe if each))):
        raise TypeError("it has a finding whose code, message, subject, place or fix is no text")
    return found


def _judged(
    governed: Governed, bound: Bound, view: View, grave: Severity, findings: list[Finding]
) -> Iterator[Judgement]:
    waiver, hint = None, ""
    for each in governed.waivers_of(bound, view.address.path):
        if not each.holds(view.today):
            hint = hint or f" (its waiver ended on {each.until}: {each.where})"
        elif governed.may_waive(bound, each.by, view.people):
            waiver = each
            break
        else:
            hint = f" ({each.by[:100]} may not waive it: {each.where})"
    if bound.force is Force.GRACE and grave is not bound.severity[view.stage]:
        hint += f" (an error after {bound.until})"
    for finding in findings:
        message = finding.message + (hint if waiver is None else "")
        yield Judgement(bound, replace(finding, severity=grave, message=message), waiver)
