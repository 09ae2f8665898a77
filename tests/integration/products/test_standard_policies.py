"""The standard policies, asked of files, of data and of reads that are really there."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from mesh_dagster import clock
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import POLICY, Severity
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.life import Transition
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Stage
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.products.check import check
from mesh_dagster.products.governing.judging import judgements
from mesh_dagster.products.telling.describe import tell

PEOPLE = {"ref": "VARCHAR", "item": "VARCHAR"}
ROWS = {"ref": [f"ada{at}@company.example" for at in range(9)], "item": ["tea"] * 9}
STANDARD = {"sets": ["standard"]}


@pytest.fixture
def shop(world: ModuleType, tmp_path: Path) -> Any:
    return world.Shop.new(tmp_path / "mesh", policies=STANDARD)


def orders(shop: Any, stage: str, **ref: Any) -> Any:
    """What is made of orders whose `ref` is an e-mail address."""
    columns = PEOPLE | {"ref": {"physicalType": "VARCHAR", **ref}}
    shop.product("shop/orders/v1", columns, ROWS, stage=stage)
    return shop.make(address="shop/orders/v1").decisions[0]


@pytest.mark.parametrize(
    ("stage", "outcome"), [("alpha", Outcome.PUBLISHED), ("beta", Outcome.QUARANTINED)]
)
def test_mail_addresses_that_nobody_classified_leave_no_domain(
    shop: Any, stage: str, outcome: Outcome
) -> None:
    decision = orders(shop, stage)
    assert decision.outcome is outcome
    (said,) = [each for each in decision.results if each.kind == POLICY]
    assert said.rule == "personal-data-classified"
    assert "9 of 9 values of `ref` look like e-mail addresses" in said.message
    assert "ada" not in str(said)


def test_a_classification_that_is_not_open_lets_them_pass(shop: Any) -> None:
    decision = orders(shop, "beta", classification="confidential")
    assert decision.outcome is Outcome.PUBLISHED
    assert [each for each in decision.results if each.kind == POLICY] == []


def test_a_change_that_breaks_readers_is_told_once(world: ModuleType, shop: Any) -> None:
    shop.product(rows=world.sold({"2013-11-01": [1]}))
    shop.make("2013-11-01")
    tell(shop.mesh, shop.load())
    file = shop.load().folder / "contract.odcs.yaml"
    file.write_text(file.read_text().replace("minimum: 0", "minimum: -5"))
    found = [each.code for each in check(shop.mesh) if "promise loosened" in each.message]
    assert found == ["MESH-C040"]


def test_a_first_product_of_a_newcomer_is_in_nobodys_way(shop: Any) -> None:
    shop.product("shop/orders/v1", {"item": "VARCHAR"}, {"item": ["tea"]}, stage="alpha")
    assert check(shop.mesh) == ()
    assert shop.make(address="shop/orders/v1").decisions[0].outcome is Outcome.PUBLISHED


def test_personal_data_of_one_region_goes_into_no_product_of_another(shop: Any) -> None:
    columns = {"who": {"physicalType": "VARCHAR", "classification": "pii"}, "item": "VARCHAR"}
    shop.product("crm/people/v1", columns, {"who": ["a"], "item": ["tea"]}, stage="stable")
    shop.product(
        "shop/visits/v1",
        {"item": "VARCHAR"},
        inputs={"people": "mesh://crm/people/v1"},
        transform="def transform(people):\n    return people.select('item')\n",
        stage="alpha",
    )
    region(shop, "crm", "eu")
    region(shop, "shop", "us")
    assert refusals(shop) == {"region-kept"}
    assert at_the_gate(shop) == {"region-kept"}
    narrow(shop)
    assert refusals(shop) == at_the_gate(shop) == set()


def test_a_copy_of_a_personal_column_is_found_by_the_lineage_of_a_run(shop: Any) -> None:
    columns = {"who": {"physicalType": "VARCHAR", "classification": "pii"}, "item": "VARCHAR"}
    shop.product("shop/people/v1", columns, {"who": ["a"], "item": ["tea"]})
    shop.make(address="shop/people/v1")
    shop.product(
        "shop/copies/v1",
        {"guest": "VARCHAR", "length": "BIGINT"},
        inputs={"people": "mesh://shop/people/v1"},
        sql="SELECT who AS guest, length(who) AS length FROM people",
    )
    shop.make(address="shop/copies/v1")
    tell(shop.mesh, shop.load("shop/copies/v1"))
    found = [each for each in check(shop.mesh) if each.code == "classification-carried"]
    assert [each.message for each in found] == [
        "`guest` is a copy of `who` of shop/people/v1, which is personal, and is open"
    ]


def test_a_stage_that_somebody_wrote_by_hand_is_told_until_it_is_on_the_record(
    world: ModuleType, shop: Any
) -> None:
    def unproven() -> list[str]:
        told = [each for each in check(shop.mesh) if each.code == "stage-has-evidence"]
        return [each.message for each in told]

    shop.product(rows=world.sold({"2013-11-01": [1]}))
    assert unproven() == []  # who never ran it has no record of it
    shop.make("2013-11-01")
    assert unproven() == [
        "it is stable by its descriptor, and no promotion to that is on the record"
    ]
    owner = Identity("owner@example.org", "environment", False, "MESH_USER", ())
    promoted = Transition("1", "shop/sales/v1", Stage.BETA, Stage.STABLE, owner, clock.now(), "")
    with shop.mesh.journal("shop") as journal:
        journal.lives.record(promoted)
    assert unproven() == []


def region(shop: Any, domain: str, name: str) -> None:
    file = shop.root / "domains" / domain / "src" / domain / "domain.yaml"
    file.write_text(f"{file.read_text()}region: {name}\n")


def narrow(shop: Any) -> None:
    """Declare that only `item` is read."""
    file = shop.load("shop/visits/v1").folder / "product.odps.yaml"
    document = yaml.safe_load(file.read_text())
    columns = [{"property": "columns", "value": ["item"]}]
    document["inputPorts"][0]["customProperties"] = columns
    file.write_text(yaml.safe_dump(document))


def at_the_gate(shop: Any) -> set[str]:
    mesh = shop.mesh
    judged = judgements(mesh, [mesh.load(Address.parse("shop/visits/v1"))], Moment.PUBLISH)
    return {each.finding.code for each in judged if each.refuses}


def refusals(shop: Any) -> set[str]:
    found = [each for each in check(shop.mesh) if each.subject.startswith("shop/")]
    return {each.code for each in found if each.severity is Severity.ERROR}
