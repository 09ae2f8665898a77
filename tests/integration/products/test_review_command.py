"""`mesh review`: the inbox, what it shows, and decisions, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.cli.root import run

DAY, NEXT = "2013-11-01", "2013-11-02"
OWNER = "owner@example.org"
Mesh = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mesh(shop: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mesh:
    """A command line in the shop; its exit code, and what it said."""
    monkeypatch.chdir(shop.root)
    monkeypatch.setenv("MESH_USER", OWNER)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def sales(shop: Any, world: ModuleType) -> Any:
    secret = {"physicalType": "VARCHAR", "classification": "confidential"}
    shop.product(
        columns={**world.COLUMNS, "item": secret},
        partitions=world.DAILY,
        rows=world.sold({DAY: [1, 2], NEXT: [-1, 3, 4]}),
    )
    shop.name_owners(OWNER)
    shop.product(
        "shop/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        sql="select day, sum(amount)::bigint as amount from sales group by day",
    )
    shop.make(DAY, NEXT)
    return shop


def _id(mesh: Mesh) -> str:
    return json.loads(mesh("review", "--json")[1])[0]["id"]


def test_the_inbox_lists_what_waits_and_how_to_look_at_it(sales: Any, mesh: Mesh) -> None:
    code, out, err = mesh("review")
    assert code == 0
    assert "quarantine  shop/sales/v1  2013-11-02" in out
    assert f"mesh review show {_id(mesh)}" in err
    assert mesh("review", "--owner", "me")[1] == out
    assert mesh("review", "--owner", OWNER)[1] == out
    assert "nothing waits" in mesh("review", "--owner", "eve")[2]
    assert "nothing waits" in mesh("review", "--product", "shop/totals")[2]


def test_what_waits_of_a_product_is_shown_by_its_address_and_decided_by_its_id(
    sales: Any, mesh: Mesh
) -> None:
    id = _id(mesh)
    assert mesh("review", "--product", "shop/sales", "--ids")[1] == f"{id}\n"
    shown = mesh("review", "show", id)
    assert mesh("review", "show", "shop/sales") == shown
    assert json.loads(mesh("review", "show", "shop/sales", "--json")[1])[0]["review"]["id"] == id
    assert "nothing of shop/totals waits" in mesh("review", "show", "shop/totals")[2]
    code, _, err = mesh("review", "release", "shop/sales", "--why", "it is fine")
    assert code == 2
    assert "mesh review --product shop/sales" in err


def test_what_waits_is_shown_with_rows_without_secrets_what_differs_and_who_waits(
    sales: Any, mesh: Mesh
) -> None:
    code, out, _ = mesh("review", "show", _id(mesh))
    assert code == 0
    assert "error · amount_range [2013-11-02]" in out
    assert "(1 of 3)" in out
    assert "***" in out
    assert "tea" not in out
    assert "different from 2013-11-01" in out
    assert [line.split() for line in out.splitlines() if line.startswith("rows ")] == [
        ["rows", "2", "3"]
    ]
    assert "amount: least" in out
    assert "item: least" not in out
    assert "shop/totals/v1" in out
    assert f"decides: {OWNER}" in out
    told = json.loads(mesh("review", "show", _id(mesh), "--json")[1])
    assert told["failing"][0]["rows"][0]["item"] == "***"
    assert told["downstream"][0]["product"] == "mesh://shop/totals/v1"


def test_a_release_is_made_shown_and_logged(sales: Any, mesh: Mesh) -> None:
    code, out, err = mesh("review", "release", _id(mesh), "--why", "returns")
    assert (code, err) == (0, "")
    assert (
        out
        == "shop/sales/v1 2013-11-02: released, by owner@example.org (environment, unverified)\n"
    )
    assert "release   shop/sales/v1  2013-11-02" in mesh("review", "log")[1]
    assert (
        json.loads(mesh("review", "log", "--json", "--product", "shop/sales")[1])[0]["why"]
        == "returns"
    )
    assert "nothing waits" in mesh("review")[2]
    # What was released still breaks its contract, and says so to who asks for all.
    assert "check  shop/sales/v1" in mesh("review", "--all")[1]


def test_an_audit_that_does_not_pass_is_a_finding(sales: Any, mesh: Mesh) -> None:
    id = _id(mesh)
    code, out, err = mesh("review", "reaudit", id, "--why", "try")
    assert code == 1
    assert "quarantined" in out
    assert f"mesh review show {id[:8]}" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("review", "release", "ID"), "--why"),
        (("review", "release", "ffffffff-ffffff", "--why", "x"), "MESH-M047"),
        (("review", "waive", "ID", "--why", "x", "--until", "soon"), "is no moment"),
        (
            ("review", "waive", "ID", "--why", "x", "--until", "9999-12-31T23:59-12:00"),
            "is no moment",
        ),
        (("review", "waive", "ID", "--why", "x", "--rule", "none"), "MESH-M048"),
        (("review", "show", "zz"), "MESH-M047"),
        (("review", "discard", "ID", "--why", "x" * 2_001), "2,000 are kept"),
        (("review", "discard", "ID", "--why", "\x1b[2Jgone"), "plain text"),
        (("review", "discard", "ID", "--why", "\u202eetirw"), "plain text"),
    ],
)
def test_what_cannot_be_decided_is_usage(
    sales: Any, mesh: Mesh, arguments: tuple[str, ...], told: str
) -> None:
    words = [_id(mesh) if each == "ID" else each for each in arguments]
    code, out, err = mesh(*words)
    assert (code, out) == (2, "")
    assert told in err


def test_who_is_no_owner_is_told_who_is(
    sales: Any, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_USER", "piet@example.org")
    code, _, err = mesh("review", "discard", _id(mesh), "--why", "x")
    assert code == 2
    assert f"decides: {OWNER}" in err
    assert "piet@example.org (environment, unverified)" in err


def test_all_other_decisions_go_by_their_names(sales: Any, mesh: Mesh) -> None:
    assert mesh("review", "acknowledge", _id(mesh), "--why", "known")[0] == 0
    assert "nothing waits" in mesh("review")[2]
    (id,) = [each["id"] for each in json.loads(mesh("review", "--all", "--json")[1])]
    code, out, _ = mesh("review", "waive", id, "--why", "x", "--until", "2999-01-01")
    assert (code, "released" in out) == (0, True)
    sales.make(NEXT)
    assert sales.amounts()[NEXT] == [-1, 3, 4]


def test_a_domain_whose_journal_does_not_answer_is_told_and_the_others_are_listed(
    sales: Any, mesh: Mesh
) -> None:
    sales.product("other/prices/v1", {"amount": "BIGINT"}, {"amount": [1]})
    journal = sales.root / ".mesh" / "journals" / "other.db"
    journal.write_bytes(b"this is no database, and long enough to be taken for a broken one" * 99)
    code, out, err = mesh("review")
    assert code == 3
    assert "shop/sales/v1" in out
    assert "other could not be asked" in err


@pytest.mark.parametrize("asked", [("--json",), ("--ids",), ()])
def test_a_broken_contract_of_one_product_takes_the_list_of_an_owner_from_nobody(
    sales: Any, mesh: Mesh, world: ModuleType, asked: tuple[str, ...]
) -> None:
    sales.product("other/prices/v1", world.COLUMNS, world.sold({DAY: [-1]}))
    sales.make(address="other/prices")
    file = sales.load("other/prices/v1").folder / "contract.odcs.yaml"
    file.write_text(file.read_text().replace("BIGINT", "NO_TYPE"))
    for owner in ("me", OWNER):
        code, out, err = mesh("review", "--owner", owner, *asked)
        assert code == 3
        assert sales.reviews()[0].id in out
        assert err.count("whose other/prices/v1 is cannot be told: MESH-") == 1
        assert "contract.odcs.yaml:" in err
        assert "nothing waits" not in err


def test_who_comes_too_late_is_told_who_was_first(sales: Any, mesh: Mesh) -> None:
    id = _id(mesh)
    assert mesh("review", "discard", id, "--why", "a wrong file")[0] == 0
    code, _, err = mesh("review", "release", id, "--why", "it is right")
    assert code != 0
    assert f"{OWNER} (environment, unverified) was first and has decided: discard" in err
    assert "because: a wrong file" in err
