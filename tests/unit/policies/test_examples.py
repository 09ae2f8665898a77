"""Every policy passes its passing example, and finds something in its failing one."""

from __future__ import annotations

import pytest

from mesh_dagster.model.finding import Finding
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.sets import installed

POLICIES = [policy for found in installed() for policy in found]


def told(policy: type[Policy], example: str) -> list[Finding]:
    return list(policy().check(getattr(policy, example)()))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: each.id)
def test_a_policy_has_nothing_against_its_passing_example(policy: type[Policy]) -> None:
    assert told(policy, "passing") == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: each.id)
def test_a_policy_finds_what_is_wrong_with_its_failing_example(policy: type[Policy]) -> None:
    found = told(policy, "failing")
    assert found
    for each in found:
        assert each.code == policy.id
        assert each.message
        assert each.where
        assert each.fix, f"{policy.id} says what is wrong and not what to do"


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: each.id)
def test_the_examples_are_of_a_stage_and_a_moment_at_which_the_policy_is_asked(
    policy: type[Policy],
) -> None:
    for view in (policy.passing(), policy.failing()):
        assert view.stage in policy.severity
        assert view.moment in policy.moments


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: each.id)
def test_a_policy_explains_itself(policy: type[Policy]) -> None:
    assert policy.title()
    assert len(policy.title()) < 90
    assert policy.explanation()
    assert policy.rationale
    assert policy.owner
    assert policy.moments
    assert policy.severity


def test_no_two_policies_have_the_same_id() -> None:
    ids = [each.id for each in POLICIES]
    assert sorted(set(ids)) == sorted(ids)
