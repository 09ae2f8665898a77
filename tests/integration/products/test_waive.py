"""`mesh policy` and `mesh waive`, on files and what is published."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.cli.root import run
from mesh_dagster.registry.documents import document_of

DAY = "2013-11-01"
GOVERNANCE = {"members": [{"username": "chair@example.org"}]}
WAIVE = ("waive", "columns-described", "shop", "--why", "it is old", "--until", "2013-12-31")


@pytest.fixture
def shop(world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A shop with a product whose columns nobody described."""
    monkeypatch.setenv("MESH_NOW", "2013-11-08T12:00:00Z")
    monkeypatch.setenv("MESH_USER", "chair")
    found = world.Shop.new(
        tmp_path / "mesh",
        policies={"sets": ["standard"]},
        governance=GOVERNANCE,
        reviews={"identity": ["environment"]},
    )
    found.product(rows=world.sold({DAY: [1, 2]}))
    monkeypatch.chdir(found.root)
    return found


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run(words) == code
    return capsys.readouterr()


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    return json.loads(said(capsys, *words, "--json", code=code).out)


def test_a_waived_policy_is_told_with_who_why_and_until_when(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = told(capsys, "policy", "check", code=1)
    assert {"columns-described"} <= {each["policy"] for each in before if each["refuses"]}
    said(capsys, *WAIVE)
    after = told(capsys, "policy", "check", code=1)
    waived = [each for each in after if each["policy"] == "columns-described"]
    assert waived
    assert not any(each["refuses"] for each in waived)
    assert waived[0]["waiver"]["by"] == "chair@example.org"
    shown = said(capsys, "policy", "check", code=1).out
    assert "waived by chair@example.org up to 2013-12-31: it is old (waivers.yaml:5)" in shown
    assert "columns-described" not in said(capsys, "check", code=1).out


def test_only_who_governs_waives(
    shop: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_USER", "eve")
    refused = said(capsys, *WAIVE, code=2).err
    assert "MESH-P010" in refused
    assert "chair@example.org" in refused
    assert not (shop.root / "waivers.yaml").exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({1: "columns-describd"}, "MESH-P009"),
        ({2: "shp"}, "MESH-M004"),
        ({2: "shop/sales/v9"}, "MESH-M004"),
        ({4: "  "}, "MESH-M048"),
        ({4: "\x1b[2J"}, "MESH-M048"),
        ({6: "2013-11-07"}, "MESH-P011"),
        ({6: "soon"}, "MESH-M002"),
    ],
)
def test_a_waiver_that_makes_no_sense_is_not_written(
    shop: Any, capsys: pytest.CaptureFixture[str], changed: dict[int, str], code: str
) -> None:
    words = [changed.get(at, word) for at, word in enumerate(WAIVE)]
    assert code in said(capsys, *words, code=2).err
    assert not (shop.root / "waivers.yaml").exists()


def test_what_stands_in_the_file_stays_and_one_of_the_same_is_replaced(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shop.root / "waivers.yaml"
    file.write_text(
        "waivers:  # by the board\n"
        "  - {policy: chain-depth, subject: shop, by: chair, why: 'x', until: 2014-01-31}  # old\n"
    )
    said(capsys, *WAIVE)
    text = file.read_text()
    assert "# by the board" in text
    assert "# old" in text
    said(capsys, *WAIVE[:-1], "2014-06-30")
    assert file.read_text().count("columns-described") == 1
    assert "2014-06-30" in file.read_text()
    assert "chain-depth" in file.read_text()


def test_a_file_that_cannot_be_read_is_not_overwritten(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shop.root / "waivers.yaml"
    file.write_text("waivers: {")
    assert "MESH-D004" in said(capsys, *WAIVE, code=2).err
    assert file.read_text() == "waivers: {"


def test_a_domain_waives_its_own_policies_by_its_own_people(
    shop: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = shop.root / "mesh.yaml"
    mesh.write_text(re.sub(r"sets:\s*- standard", "sets: []", mesh.read_text()))
    shop.name_owners("owner@example.org")
    folder = shop.root / "domains" / "shop" / "src" / "shop"
    domain = folder / "domain.yaml"
    domain.write_text(domain.read_text() + "policies: {sets: [standard]}\n")
    assert "MESH-P010" in said(capsys, *WAIVE, code=2).err
    monkeypatch.setenv("MESH_USER", "owner")
    said(capsys, *WAIVE)
    assert "owner@example.org" in (folder / "waivers.yaml").read_text()
    assert not (shop.root / "waivers.yaml").exists()
    found = told(capsys, "policy", "check", "shop", code=1)
    assert all(each["waiver"] for each in found if each["policy"] == "columns-described")


def test_a_policy_that_holds_nowhere_is_simulated_and_explained(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = shop.root / "mesh.yaml"
    mesh.write_text(re.sub(r"sets:\s*- standard", "sets: []", mesh.read_text()))
    assert told(capsys, "policy", "check") == []
    assert told(capsys, "policy", "list") == {"policies": [], "domains": {"shop": {}}}
    every = told(capsys, "policy", "list", "--all")["policies"]
    assert not any(each["holds"] for each in every)
    found = told(capsys, "policy", "simulate", "columns-described", code=1)
    assert {each["subject"] for each in found} == {"shop/sales/v1"}
    assert told(capsys, "policy", "simulate", "chain-depth") == []
    assert "MESH-P009" in said(capsys, "policy", "simulate", "no-such-thing", code=2).err
    explained = told(capsys, "policy", "explain", "columns-described")
    assert explained["says"]
    assert said(capsys, "explain", "columns-described").out.startswith("columns-described · ")


@pytest.mark.parametrize("name", ["product.odps.yaml", "contract.odcs.yaml"])
def test_what_cannot_be_read_is_no_clean_answer(
    shop: Any, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    shop.product("desk/board/v1", rows={})
    broken = shop.root / "domains/desk/src/desk/defs/board" / name
    broken.write_text("kind: [")
    for words, code in ((("check",), 1), (("simulate", "chain-depth"), 3)):
        told = said(capsys, "policy", *words, code=code).err
        assert "not everything could be asked about: MESH-D" in told
        assert f"defs/board/{name}:" in told
    assert "could be asked" not in said(capsys, "policy", "check", "shop", code=1).err


def test_policies_are_listed_with_what_they_have_against_products(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, *WAIVE)
    found = told(capsys, "policy", "list")
    described = next(each for each in found["policies"] if each["id"] == "columns-described")
    assert described["against"] == ["shop/sales/v1"]
    assert described["waived"] == ["shop/sales/v1"]
    assert found["domains"]["shop"].keys() == {"standard"}


@pytest.mark.parametrize("moment", ["load", "publish", "access"])
def test_policies_are_asked_as_at_another_moment(
    shop: Any, capsys: pytest.CaptureFixture[str], moment: str
) -> None:
    found = told(capsys, "policy", "check", "--moment", moment)
    assert not any(each["refuses"] for each in found)


def test_a_domain_tells_the_mesh_which_policies_it_runs(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "written" in said(capsys, "registry", "write").err
    mesh = shop.mesh
    about = document_of(mesh.documents, "shop").about
    assert about.policies == mesh.governed("shop").versions
