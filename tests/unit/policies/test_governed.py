"""A mesh sets policies as it likes, a domain tightens them and never loosens one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mesh_dagster.model.finding import Severity
from mesh_dagster.model.policy import Force, Moment, PolicySetting, PolicyWaiver, Scope
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.governed import Governed

from .conftest import config, domain

TODAY = date(2024, 3, 1)
LATER = date(2024, 6, 30)
ERROR, WARNING = Severity.ERROR, Severity.WARNING


def grave(governed: Governed, policy: str, stage: Stage, today: date = TODAY) -> Severity | None:
    return governed.policies[policy].grave(stage, today)


def codes(governed: Governed) -> list[str]:
    return [each.code for each in governed.findings]


def test_the_policies_of_a_set_hold_as_their_classes_say() -> None:
    governed = Governed(config())
    assert list(governed.policies) == ["purpose-stated", "purpose-short", "always-broken"]
    assert governed.versions == {"own": "2"}
    assert grave(governed, "purpose-stated", Stage.STABLE) is ERROR
    assert grave(governed, "purpose-stated", Stage.ALPHA) is WARNING
    assert grave(governed, "purpose-stated", Stage.RETIRED) is None
    assert governed.findings == ()


def test_a_policy_in_grace_warns_up_to_its_last_day_and_bites_from_the_next() -> None:
    governed = Governed(config())
    assert grave(governed, "purpose-short", Stage.STABLE, date(2024, 3, 31)) is WARNING
    assert grave(governed, "purpose-short", Stage.STABLE, date(2024, 4, 1)) is ERROR
    assert grave(governed, "purpose-short", Stage.ALPHA, date(2024, 4, 1)) is None


def test_a_mesh_sets_force_severity_and_options_as_it_likes() -> None:
    governed = Governed(
        config(
            PolicySetting("purpose-stated", severity={"stable": "warning", "beta": "none"}),
            PolicySetting("purpose-short", force=Force.DRAFT),
            PolicySetting("always-broken", severity={"*": "warning"}),
        )
    )
    assert grave(governed, "purpose-stated", Stage.STABLE) is WARNING
    assert grave(governed, "purpose-stated", Stage.BETA) is None
    assert grave(governed, "purpose-stated", Stage.DEPRECATED) is ERROR
    assert governed.policies["purpose-short"].is_draft
    assert set(governed.policies["always-broken"].severity.values()) == {WARNING}
    set_ = Governed(config(PolicySetting("purpose-stated", options={"longest": 5})))
    assert set_.policies["purpose-stated"].policy.options == {"longest": 5, "words": ["never"]}


@pytest.mark.parametrize(
    "options",
    [{"longst": 5}, {"longest": "5"}, {"longest": True}, {"words": "x"}, {"words": [1]}],
)
def test_an_option_that_does_not_fit_is_told_and_left_out(options: dict[str, object]) -> None:
    governed = Governed(config(PolicySetting("purpose-stated", options=options)))
    assert codes(governed) == ["MESH-P005"]
    assert governed.policies["purpose-stated"].policy.options["longest"] == 100


def test_a_domain_tightens() -> None:
    tightened = domain(
        PolicySetting("purpose-stated", severity={"alpha": "error"}),
        PolicySetting("purpose-short", force=Force.GRACE, until=date(2024, 3, 15)),
    )
    governed = Governed(config(), tightened)
    assert governed.findings == ()
    assert grave(governed, "purpose-stated", Stage.ALPHA) is ERROR
    assert grave(governed, "purpose-short", Stage.STABLE, date(2024, 3, 16)) is ERROR
    assert governed.policies["purpose-short"].scope is Scope.GLOBAL


@pytest.mark.parametrize(
    "looser",
    [
        PolicySetting("purpose-stated", severity={"stable": "warning"}),
        PolicySetting("purpose-stated", severity={"*": "none"}),
        PolicySetting("purpose-stated", force=Force.GRACE, until=LATER),
        PolicySetting("purpose-stated", force=Force.DRAFT),
        PolicySetting("purpose-short", force=Force.GRACE, until=LATER),
        PolicySetting("purpose-stated", options={"longest": 5}),
    ],
)
def test_a_domain_that_loosens_is_refused_and_nothing_of_it_holds(looser: PolicySetting) -> None:
    governed = Governed(config(), domain(looser))
    assert set(codes(governed)) == {"MESH-P006"}
    before = Governed(config()).policies
    for name, each in governed.policies.items():
        assert replace(each, policy=before[name].policy) == before[name]
        assert each.policy.options == before[name].policy.options


def test_a_domain_has_sets_of_its_own_and_sets_them_as_it_likes() -> None:
    own = domain(PolicySetting("purpose-stated", force=Force.DRAFT), sets=("own", "standard"))
    governed = Governed(config(sets=()), own)
    assert governed.findings == ()
    assert governed.policies["purpose-stated"].scope is Scope.DOMAIN
    assert governed.policies["purpose-stated"].is_draft
    assert list(governed.versions) == ["own", "standard"]


def test_a_set_or_a_policy_that_is_not_there_is_told() -> None:
    governed = Governed(config(PolicySetting("purpose-statd"), sets=("own", "nobodys")))
    assert sorted(codes(governed)) == ["MESH-P003", "MESH-P004"]
    assert "purpose-stated" in next(
        each.message for each in governed.findings if each.code == "MESH-P004"
    )


def waiver(policy: str = "purpose-stated", until: date = LATER, **changes: str) -> PolicyWaiver:
    stated = {"subject": "shop", "by": "chair", "why": "it is old", "where": "waivers.yaml:3"}
    return PolicyWaiver(policy=policy, until=until, **(stated | changes))  # type: ignore[arg-type]


def test_a_waiver_that_ended_or_is_about_nothing_is_told() -> None:
    ended, nothing = waiver(until=date(2024, 2, 29)), waiver("purpose-forgotten")
    governed = Governed(config(), waivers={Scope.GLOBAL: [waiver(), ended, nothing]})
    told = governed.told(TODAY)
    assert [each.code for each in told] == ["MESH-P007", "MESH-P008"]
    month = TODAY + timedelta(days=30)
    assert f"--why '...' --until {month}" in str(told[0].fix)
    own = Governed(config(), domain(), {Scope.DOMAIN: [waiver()]})
    assert [each.code for each in own.told(TODAY)] == ["MESH-P008"]


def test_policies_are_asked_at_their_moments() -> None:
    governed = Governed(config())
    asked = governed.asked(Moment.PUBLISH, Stage.STABLE, TODAY)
    assert [(each.id, severity) for each, severity in asked] == [("always-broken", ERROR)]
    assert governed.asks_at(Moment.BUILD)
    assert not governed.asks_at(Moment.ACCESS)
