"""A set of policies of a company's own, as its package brings it by the door."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from mesh_dagster import plugins
from mesh_dagster.model.domain import Domain, MeshConfig
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import Force, Moment, PolicySetting, PolicySettings
from mesh_dagster.model.product import Member, Stage
from mesh_dagster.policies.examples import example, product
from mesh_dagster.policies.policy import Policy, since
from mesh_dagster.policies.sets import PolicySet
from mesh_dagster.policies.view import View


class _Own(Policy):
    """What the policies of these tests have in common."""

    @staticmethod
    def passing() -> View:
        return example(product(purpose="yes"))

    @staticmethod
    def failing() -> View:
        return example(product(purpose=None))


class PurposeStated(_Own):
    """Every product has a purpose.

    Why is it there?
    """

    id = "purpose-stated"
    rationale = "Nobody reads what is for nothing."
    severity = since(Stage.STABLE, before=Severity.WARNING)
    options: ClassVar[dict[str, object]] = {"longest": 100, "words": ["never"]}

    def check(self, view: View) -> Iterator[Finding]:
        if not view.product.purpose:
            yield self.finding(view, "it has no purpose", fix="state one")


class PurposeShort(_Own):
    """A purpose is short.

    Long ones are not read.
    """

    id = "purpose-short"
    rationale = "Who has to read much reads nothing."
    force = Force.GRACE
    until = date(2024, 3, 31)
    severity = since(Stage.BETA)

    def check(self, view: View) -> Iterator[Finding]:
        if len(view.product.purpose or "") > 10:
            yield self.finding(view, "its purpose is long", fix="shorten it")


class AlwaysBroken(_Own):
    """A policy with a bug.

    It is always broken.
    """

    id = "always-broken"
    rationale = "There are such policies."
    owner = "the tests"
    moments = frozenset({Moment.PUBLISH})

    def check(self, view: View) -> Iterator[Finding]:
        yield self.finding(view, str(1 / (len(view.address.domain) - 4)))


OWN = PolicySet("own", "2", (PurposeStated, PurposeShort, AlwaysBroken))
CHAIR = Member("chair@company.example", "chair")


@pytest.fixture(autouse=True)
def _own_set(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_policies")
    module.OWN = OWN  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_policies", module)
    monkeypatch.setitem(plugins.BUILT_IN["policies"], "own", "own_policies:OWN")


def config(*settings: PolicySetting, sets: tuple[str, ...] = ("own",)) -> MeshConfig:
    return MeshConfig(
        "company",
        Path("mesh.yaml"),
        "/storage",
        "/registry",
        "sqlite",
        (),
        policies=PolicySettings(sets, settings, "mesh.yaml:5"),
        governance=(CHAIR,),
    )


def domain(*settings: PolicySetting, sets: tuple[str, ...] = ()) -> Domain:
    stated = PolicySettings(sets, settings, "domain.yaml:5")
    return Domain("shop", "Shop Operations", Path("shop"), policies=stated)
