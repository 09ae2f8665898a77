"""What a class of a policy has to have, and what a view of a product tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

import pytest

from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import About
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import Force
from mesh_dagster.model.product import Stage, Status
from mesh_dagster.policies.examples import custom, described, example, product, reads
from mesh_dagster.policies.policy import Policy, since
from mesh_dagster.policies.sets import PolicySet, policy_set
from mesh_dagster.policies.view import View


def policy(**changes: object) -> type[Policy]:
    def check(self: Policy, view: View) -> Iterator[Finding]:
        yield self.finding(view, "nothing is right")

    body = {"id": "all-right", "rationale": "why", "check": check, "__doc__": "All is right."}
    kept = {name: each for name, each in (body | changes).items() if each is not None}
    return type("AllRight", (Policy,), kept)


def test_a_policy_is_refused_that_has_no_id_no_reason_or_no_explanation() -> None:
    for name in ("id", "rationale", "__doc__"):
        with pytest.raises(TypeError):
            policy(**{name: None})


@pytest.mark.parametrize("wrong", ["oneword", "Two-Words", "two_words", "two-", "MESH-P001"])
def test_an_id_is_two_words_in_lower_case_or_more(wrong: str) -> None:
    with pytest.raises(TypeError, match="two-words"):
        policy(id=wrong)


def test_grace_has_an_end_and_nothing_else_has() -> None:
    policy(force=Force.GRACE, until=date(2024, 5, 1))
    for force, until in ((Force.GRACE, None), (Force.ENFORCED, date(2024, 5, 1))):
        with pytest.raises(TypeError):
            policy(force=force, until=until)


def test_an_option_has_its_default_and_an_unknown_one_is_refused() -> None:
    class Bounded(policy()):  # type: ignore[misc]
        options: ClassVar[dict[str, int]] = {"most": 3}

    assert Bounded.__abstractmethods__ == {"passing", "failing"}
    Bounded.__abstractmethods__ = frozenset()
    assert Bounded().options == {"most": 3}
    assert Bounded(most=5).options == {"most": 5}
    with pytest.raises(ValueError, match="least"):
        Bounded(least=1)


def test_severity_holds_from_a_stage_until_a_product_is_retired() -> None:
    error, warning = Severity.ERROR, Severity.WARNING
    assert since(Stage.STABLE, before=warning) == {
        Stage.DRAFT: warning,
        Stage.ALPHA: warning,
        Stage.BETA: warning,
        Stage.STABLE: error,
        Stage.DEPRECATED: error,
    }
    assert since(Stage.DEPRECATED, warning) == {Stage.DEPRECATED: warning}


def test_a_set_has_each_policy_once() -> None:
    with pytest.raises(ValueError, match="all-right twice"):
        PolicySet("own", "1", (policy(), policy()))
    assert list(PolicySet("own", "1", (policy(),)) - ["all-right"]) == []


def test_a_set_that_nobody_brings_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="standard"):
        policy_set("nobodys")


def test_the_stage_of_a_product_follows_from_its_status_first() -> None:
    for status, stage in (
        (Status.DRAFT, Stage.DRAFT),
        (Status.PROPOSED, Stage.DRAFT),
        (Status.ACTIVE, Stage.BETA),
        (Status.DEPRECATED, Stage.DEPRECATED),
        (Status.RETIRED, Stage.RETIRED),
    ):
        assert example(product(status=status, stage=Stage.BETA)).stage is stage


def test_a_product_belongs_to_its_own_region_or_to_its_domains() -> None:
    shop = About("shop", region="EU")
    assert example(domain=shop).region == "eu"
    assert example(product(rest=custom(region=" US ")), domain=shop).region == "us"
    assert example(product(rest=custom(region=7))).region is None


def test_what_is_dear_is_found_once_and_only_when_it_is_asked_for() -> None:
    asked = []

    def find() -> None:
        asked.append(1)

    view = View(described(), About("shop"), example().mesh, find_reads=find)
    assert asked == []
    assert view.reads is None
    assert view.reads is None
    assert asked == [1]


def test_a_finding_is_told_of_the_descriptor_unless_it_is_of_another_line() -> None:
    own = policy()
    own.__abstractmethods__ = frozenset()
    view = example(product(inputs=(reads("items", Address("stock", "items")),)))
    (found,) = own().check(view)
    assert found.code == "all-right"
    assert found.subject == "shop/orders/v1"
    assert found.where == view.product.where
