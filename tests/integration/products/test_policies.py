"""A policy holds at build, load, publish and access: at its own moments, and at no other."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster import clock, plugins
from mesh_dagster.errors import AccessDenied, DescriptorError, NeverPublished, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import POLICY, Finding, Severity
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import example, product
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.sets import PolicySet
from mesh_dagster.policies.view import View
from mesh_dagster.ports.pointer import current
from mesh_dagster.products.check import check
from mesh_dagster.products.governing.judging import judgements
from mesh_dagster.products.governing.ledger import note_domain
from mesh_dagster.products.governing.standing import PolicyStanding, standings
from mesh_dagster.products.granting.admission import admit
from mesh_dagster.products.granting.objecting import Wanted
from mesh_dagster.products.granting.who import of_domain
from mesh_dagster.products.reading.read import read

SALES = "shop/sales/v1"
DAY = "2013-11-01"
NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
CHAIR = {"members": [{"username": "chair@example.org"}]}


def _policy(at: Moment) -> type[Policy]:
    """A policy that is asked at one moment, of products with the tag of that moment."""

    def check(self: Policy, view: View) -> Iterator[Finding]:
        if f"wrong-at-{at}" in view.product.tags:
            yield self.finding(view, f"it is wrong at {at}", fix="remove the tag")

    def of(*tags: str) -> Callable[[], View]:
        return lambda: example(product(tags=tags), moment=at)

    body = {
        "id": f"right-at-{at}",
        "rationale": "Each moment has its own.",
        "__doc__": f"Nothing is wrong at {at}.\n\nThere is a tag for it.",
        "moments": frozenset({at}),
        "check": check,
        "passing": staticmethod(of()),
        "failing": staticmethod(of(f"wrong-at-{at}")),
    }
    return type(f"RightAt{at.title()}", (Policy,), body)


class Samples(Policy):
    """No order is of an elephant.

    They are looked for in what is staged.
    """

    id = "no-elephants"
    rationale = "They do not fit."
    moments = frozenset({Moment.PUBLISH})

    def check(self, view: View) -> Iterator[Finding]:
        for port, columns in (view.samples or {}).items():
            if "elephant" in columns.get("item", ()):
                yield self.finding(view, "an elephant is in it", port=port, fix="let it go")

    @staticmethod
    def passing() -> View:
        return example(samples={"": {"item": ["tea"]}})

    @staticmethod
    def failing() -> View:
        return example(samples={"": {"item": ["elephant"]}})


@pytest.fixture(autouse=True)
def _set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("moments_policies")
    module.MOMENTS = PolicySet("moments", "1", (*map(_policy, Moment), Samples))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "moments_policies", module)
    monkeypatch.setitem(plugins.BUILT_IN["policies"], "moments", "moments_policies:MOMENTS")
    with clock.frozen(NOW):
        yield


@pytest.fixture
def governed(world: ModuleType, tmp_path: Path) -> Any:
    """A shop under these policies, with a product of its own and one of another domain."""
    shop = world.Shop.new(tmp_path / "mesh", policies={"sets": ["moments"]}, governance=CHAIR)
    shop.product(rows=world.sold({DAY: [1, 2]}))
    shop.product("stock/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    return shop


def tag(shop: Any, *tags: str, address: str = SALES) -> None:
    file = shop.load(address).folder / "product.odps.yaml"
    text = file.read_text().split("\ntags:")[0].rstrip("\n")
    file.write_text(f"{text}\ntags: [{', '.join(tags)}]\n" if tags else f"{text}\n")


def waive(shop: Any, policy: str, until: str = "2013-12-31", by: str = "chair") -> None:
    (shop.root / "waivers.yaml").write_text(
        "waivers:\n"
        f"- {{policy: {policy}, subject: shop, by: {by}, why: it is known, until: {until}}}\n"
    )


def refused_at(shop: Any) -> dict[Moment, list[str]]:
    """At each moment the policies that refuse `shop/sales` there, as that moment finds out."""
    return {
        Moment.BUILD: _at_build(shop),
        Moment.LOAD: _at_load(shop, "shop"),
        Moment.PUBLISH: _at_publish(shop),
        Moment.ACCESS: _at_access(shop),
    }


def _at_build(shop: Any) -> list[str]:
    found = check(shop.mesh)
    return [each.code for each in found if each.severity is Severity.ERROR]


def _at_load(shop: Any, domain: str) -> list[str]:
    from mesh_dagster.orchestrate.domain import domain_definitions

    folder = shop.root / "domains" / domain / "src" / domain
    try:
        domain_definitions(folder / "definitions.py")
    except DescriptorError as error:
        return [each.code for each in error.findings]
    return []


def _at_publish(shop: Any) -> list[str]:
    decision = shop.make(DAY).decisions[0]
    blocking = [each for each in decision.results if each.blocks]
    assert (decision.outcome == "quarantined") == bool(blocking)
    assert all(each.kind == POLICY for each in blocking)
    return [each.rule for each in blocking]


def _at_access(shop: Any) -> list[str]:
    """As a run of another domain reads it, and as a person does."""
    mesh, address = shop.mesh, Address.parse(SALES)
    if current(mesh.storage, address) is None:
        shop.make(DAY)
    try:
        admit(mesh, of_domain("stock"), [address], "stock/items/v1")
        read(SALES, mesh=mesh)
    except AccessDenied as error:
        return [found[0] for found in re.findall(r"((\w+-)+\w+): it is wrong", error.what)]
    except NeverPublished:
        pass  # let in, and there is nothing yet
    return []


def test_nothing_is_refused_where_nothing_is_wrong(governed: Any) -> None:
    assert refused_at(governed) == {moment: [] for moment in Moment}


@pytest.mark.parametrize("wrong", Moment)
def test_a_violation_is_refused_at_the_moment_of_its_policy_and_only_there(
    governed: Any, wrong: Moment
) -> None:
    tag(governed, f"wrong-at-{wrong}")
    found = refused_at(governed)
    assert found.pop(wrong) == [f"right-at-{wrong}"]
    assert found == {moment: [] for moment in Moment if moment is not wrong}
    assert _at_load(governed, "stock") == []


def test_what_is_wrong_in_one_domain_keeps_no_other_from_loading(governed: Any) -> None:
    tag(governed, "wrong-at-load", address="stock/items/v1")
    assert _at_load(governed, "stock") == ["right-at-load"]
    assert _at_load(governed, "shop") == []


def test_a_policy_looks_at_what_is_staged_and_quarantines_it(world: Any, governed: Any) -> None:
    rows = world.sold({DAY: [1]}).with_columns(item=world.pl.lit("elephant"))
    governed.feed(rows)
    assert _at_publish(governed) == ["no-elephants"]
    governed.feed(world.sold({DAY: [1]}))
    assert _at_publish(governed) == []


def test_a_waived_policy_lets_pass_and_is_on_record(governed: Any) -> None:
    tag(governed, "wrong-at-publish")
    assert _at_publish(governed) == ["right-at-publish"]
    waive(governed, "right-at-publish")
    decision = governed.make(DAY).decisions[0]
    assert decision.outcome == "published"
    (result,) = (each for each in decision.results if each.kind == POLICY)
    assert not result.blocks
    assert result.waived_by == "chair"
    assert result.waived_until == datetime(2014, 1, 1, tzinfo=UTC)


def test_a_waiver_bites_again_when_it_has_ended(governed: Any) -> None:
    tag(governed, "wrong-at-build", "wrong-at-load")
    waive(governed, "right-at-build", until="2013-11-07")
    assert "right-at-build" in _at_build(governed)
    assert "MESH-P007" in [each.code for each in check(governed.mesh)]
    waive(governed, "right-at-build", until="2013-11-08")
    assert _at_build(governed) == []


def test_no_owner_of_a_product_releases_or_waives_a_policy(governed: Any) -> None:
    governed.name_owners("owner@example.org")
    tag(governed, "wrong-at-publish")
    _at_publish(governed)
    for action in ("release", "waive"):
        with pytest.raises(UsageError, match="right-at-publish is a policy") as refused:
            governed.decide(action, DAY, until=datetime(2013, 12, 1, tzinfo=UTC))
        assert "mesh waive right-at-publish shop/sales/v1" in (refused.value.fix or "")
    waive(governed, "right-at-publish")
    ruling = governed.decide("reaudit", DAY)
    assert ruling.outcome == "released"
    assert governed.amounts() == {DAY: [1, 2]}


def test_a_domain_does_not_load_without_the_policies_that_are_to_hold(governed: Any) -> None:
    file = governed.root / "mesh.yaml"
    file.write_text(file.read_text().replace("- moments", "- nobodys"))
    assert _at_load(governed, "shop") == ["MESH-P003"]


def test_a_domain_that_loosens_a_policy_of_the_mesh_does_not_load(governed: Any) -> None:
    file = governed.root / "domains" / "shop" / "src" / "shop" / "domain.yaml"
    stated = "policies:\n  right-at-build: {severity: warning}\n"
    file.write_text(file.read_text() + stated)
    assert set(_at_load(governed, "shop")) == {"MESH-P006"}
    assert _at_load(governed, "stock") == []
    assert "MESH-P006" in _at_build(governed)


def test_without_policies_nothing_of_them_is_asked(world: Any, tmp_path: Path) -> None:
    shop = world.Shop.new(tmp_path / "free")
    shop.product(rows=world.sold({DAY: [1]}))
    tag(shop, *(f"wrong-at-{moment}" for moment in Moment))
    assert refused_at(shop) == {moment: [] for moment in Moment}
    assert list(judgements(shop.mesh, [shop.load()])) == []
    assert shop.mesh.governed("shop") is None


def at(days: int) -> Any:
    return clock.frozen(NOW + timedelta(days=days))


def standing(shop: Any, policy: str) -> PolicyStanding:
    return next(each for each in standings(shop.mesh) if each.bound.id == policy)


def test_what_fired_at_the_gate_or_kept_a_domain_from_loading_is_kept(governed: Any) -> None:
    assert standing(governed, "right-at-publish").last is None
    tag(governed, "wrong-at-publish", "wrong-at-load")
    _at_publish(governed)
    _at_load(governed, "shop")
    for policy in ("right-at-publish", "right-at-load"):
        assert standing(governed, policy).last == NOW
    assert standing(governed, "no-elephants").last is None


def test_a_policy_that_fires_never_or_never_without_a_waiver_is_found(governed: Any) -> None:
    tag(governed, "wrong-at-publish")
    waive(governed, "right-at-publish", until="2014-12-31")
    governed.make(DAY)
    with at(60):
        governed.make(DAY)
        assert not standing(governed, "no-elephants").is_idle
        assert standing(governed, "right-at-publish").is_always_waived
    with at(91):
        assert standing(governed, "no-elephants").is_idle
        assert not standing(governed, "right-at-publish").is_idle
        assert not standing(governed, "right-at-access").is_idle
        (governed.root / "waivers.yaml").unlink()
        governed.make(DAY)
        assert not standing(governed, "right-at-publish").is_always_waived


def test_a_location_that_runs_notes_what_fires_as_products_stand(governed: Any) -> None:
    tag(governed, "wrong-at-build")
    mesh = governed.mesh
    note_domain(mesh, "shop", [governed.load()])
    found = standing(governed, "right-at-build")
    assert (found.last, found.last_unwaived, found.asked_since) == (NOW, NOW, NOW)
    assert standing(governed, "right-at-load").asked_since == NOW


def test_personal_data_is_not_read_from_another_region_and_the_rest_is(
    world: Any, tmp_path: Path
) -> None:
    """The policy is `region-kept`; what an input port declares is what it reads."""
    shop = world.Shop.new(tmp_path / "regions", policies={"sets": ["standard"]})
    columns = {"name": {"physicalType": "VARCHAR", "classification": "pii"}, "city": "VARCHAR"}
    shop.product("crew/people/v1", columns, {"name": ["Ada"], "city": ["Oslo"]})
    city = "import polars as pl\n\n\ndef transform(people):\n    return people.select('city')\n"
    shop.product(
        "sales/cities/v1",
        {"city": "VARCHAR"},
        inputs={"people": "mesh://crew/people/v1"},
        transform=city,
    )
    for domain, region in (("crew", "eu"), ("sales", "us")):
        file = shop.root / "domains" / domain / "src" / domain / "domain.yaml"
        file.write_text(file.read_text() + f"region: {region}\n")
    address = Address.parse("crew/people/v1")
    mesh, sales = shop.mesh, of_domain("sales")
    with pytest.raises(AccessDenied, match="region-kept") as refused:
        admit(mesh, sales, [address], "sales/cities/v1")
    assert refused.value.rule == "policy"
    declared = Wanted(columns={address: ("city",)})
    with pytest.raises(AccessDenied) as refused:
        admit(mesh, sales, [address], "sales/cities/v1", declared)
    assert refused.value.rule == "confidential"
