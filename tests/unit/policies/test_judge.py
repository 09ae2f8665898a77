"""What follows from what a policy finds: severity by stage, grace, waivers, drafts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import Force, Moment, PolicySetting, PolicyWaiver, Scope
from mesh_dagster.model.product import Member, Stage
from mesh_dagster.policies.examples import example, product
from mesh_dagster.policies.governed import Governed
from mesh_dagster.policies.judge import MOST, Judgement, findings_of, judge
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.view import View

from .conftest import PurposeStated, config, domain

WITHOUT = example(product(purpose=None))
LONG = example(product(purpose="as long as anything"))


def waiver(policy: str = "purpose-stated", **changes: object) -> PolicyWaiver:
    stated = {
        "subject": "shop/orders/v1",
        "by": "chair@company.example",
        "why": "it is old",
        "until": date(2024, 6, 30),
        "where": "waivers.yaml:3",
    }
    return PolicyWaiver(policy=policy, **(stated | changes))  # type: ignore[arg-type]


def one(view: View, *waivers: PolicyWaiver, scope: Scope = Scope.GLOBAL) -> Judgement:
    (found,) = judge(Governed(config(), waivers={scope: waivers}), view)
    return found


def test_a_violation_is_as_grave_as_the_stage_of_the_product_makes_it() -> None:
    assert one(WITHOUT).finding.severity is Severity.ERROR
    assert one(WITHOUT).refuses
    young = one(example(product(purpose=None, stage=Stage.ALPHA)))
    assert young.finding.severity is Severity.WARNING
    assert young.stands
    assert not young.refuses


def test_in_grace_it_is_told_until_when() -> None:
    found = one(LONG)
    assert not found.refuses
    assert "(an error after 2024-03-31)" in found.finding.message


def test_a_draft_is_told_to_nobody_who_did_not_ask() -> None:
    drafted = Governed(config(PolicySetting("purpose-stated", force=Force.DRAFT)))
    (found,) = judge(drafted, WITHOUT)
    assert not found.stands
    assert findings_of(drafted, WITHOUT) == ()


@pytest.mark.parametrize("subject", ["shop", "shop/orders", "shop/orders/v1"])
def test_a_waiver_lets_a_product_or_a_domain_off(subject: str) -> None:
    found = one(WITHOUT, waiver(subject=subject))
    assert found.waiver is not None
    assert not found.stands
    assert not found.refuses


@pytest.mark.parametrize("subject", ["shop/order", "shop/orders/v2", "stock", "sho"])
def test_a_waiver_of_something_else_lets_nothing_off(subject: str) -> None:
    assert one(WITHOUT, waiver(subject=subject)).refuses


def test_an_ended_waiver_bites_and_says_when_it_ended() -> None:
    found = one(WITHOUT, waiver(until=date(2024, 2, 29)))
    assert found.refuses
    assert "(its waiver ended on 2024-02-29: waivers.yaml:3)" in found.finding.message
    assert not one(WITHOUT, waiver(until=date(2024, 3, 1))).refuses


def test_only_who_governs_lets_off_a_policy_of_the_mesh() -> None:
    found = one(WITHOUT, waiver(by="ada@company.example"))
    assert found.refuses
    assert "ada@company.example may not waive it" in found.finding.message
    assert one(WITHOUT, waiver(by="Chair")).waiver is not None


def test_a_waiver_in_the_files_of_a_domain_is_about_its_own_policies_only() -> None:
    assert one(WITHOUT, waiver(by="ada"), scope=Scope.DOMAIN).refuses
    own = Governed(
        config(sets=()), domain(sets=("own",)), {Scope.DOMAIN: [waiver(by="ada@company.example")]}
    )
    (found,) = judge(own, WITHOUT)
    assert found.waiver is not None
    stranger = replace(WITHOUT, people=(Member("eve", "owner"),))
    (found,) = judge(own, stranger)
    assert found.refuses


def test_a_policy_that_fails_is_a_finding_of_its_own() -> None:
    (found,) = judge(Governed(config()), replace(WITHOUT, moment=Moment.PUBLISH))
    assert found.refuses
    assert found.finding.code == "always-broken"
    assert "ZeroDivisionError" in found.finding.message
    assert "the tests" in (found.finding.fix or "")


def test_a_policy_with_endless_findings_tells_some(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(self: Policy, view: View):  # type: ignore[no-untyped-def]
        while True:
            yield self.finding(view, "again")

    monkeypatch.setattr(PurposeStated, "check", endless)
    assert len(judge(Governed(config()), WITHOUT)) == MOST + 1


@pytest.mark.parametrize("found", ["garbage", None, Finding("own", None), Finding(7, "x")])  # type: ignore[arg-type]
def test_what_is_no_finding_is_said_of_the_policy(
    monkeypatch: pytest.MonkeyPatch, found: object
) -> None:
    monkeypatch.setattr(PurposeStated, "check", lambda self, view: iter([found]))
    judged = one(WITHOUT)
    assert judged.refuses
    assert judged.finding.code == "purpose-stated"
    assert "could not be evaluated: TypeError" in judged.finding.message


def test_a_policy_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(self: Policy, view: View) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(PurposeStated, "check", leaves)
    assert "could not be evaluated: SystemExit" in one(WITHOUT).finding.message
