"""Example queries of products that not everybody may read: their rows are told to nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from mesh_dagster import clock
from mesh_dagster.cli.root import run
from mesh_dagster.descriptors.editing import custom, edited
from mesh_dagster.model.address import Address
from mesh_dagster.products.discovering.page import page_of
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.scoring.score import score_of
from mesh_dagster.products.telling.describe import Telling, tell_domain

ANIMALS = "zoo/animals/v1"
COLUMNS = {"name": "VARCHAR", "n": "BIGINT"}
ROWS = {"name": ["alpaca", "badger"], "n": [1, 2]}
EVERY = "select name from zoo.animals order by 1"
FAILS = "select cast(name as integer) from zoo.animals"


def example(shop: Any, name: str, sql: str, address: str = ANIMALS) -> None:
    folder = shop.load(address).folder / "queries"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.sql").write_text(f"{sql}\n")


def told(shop: Any, address: str = ANIMALS) -> dict[str, dict[str, Any]]:
    """What the document says of the examples, all domains' run anew, by name."""
    mesh = shop.mesh
    loaded = shop.load(address)
    tell_domain(mesh, loaded.domain, list(mesh.readable(loaded.domain.name)))
    found = json.loads(mesh.documents.read(f"{loaded.domain.name}/discovery.json"))["products"]
    product = next(each for each in found if each["address"] == f"mesh://{address}")
    return {each["name"]: each for each in product["queries"]}


def set_stage(shop: Any, stage: str) -> None:
    file = shop.load(ANIMALS).folder / "product.odps.yaml"
    file.write_text(edited(file.read_text(), {custom("stage"): stage}, str(file)))


def answered(shop: Any) -> Any:
    found = score_of(shop.mesh, Address.parse(ANIMALS)).score
    points = (point for each in found.dimensions for point in each.points)
    return next(each for each in points if each.name == "answered")


@pytest.mark.parametrize("stage", ["alpha", "beta"])
def test_no_row_of_a_product_that_not_everybody_may_read_is_in_a_document(
    shop: Any, stage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.product(ANIMALS, COLUMNS, ROWS, stage=stage)
    shop.make(address=ANIMALS)
    example(shop, "every", EVERY)
    every = told(shop)["every"]
    assert (every["publication"], every["columns"], every["rows"]) == (1, [], [])
    assert every["note"] == f"its rows are for who may read {ANIMALS}: mesh query {ANIMALS} every"
    assert answered(shop).share == 1, "to be read by few costs a product no point"

    monkeypatch.chdir(shop.root)
    assert run(["query", ANIMALS, "every", "--format", "csv"]) == 0
    assert "alpaca" in capsys.readouterr().out, "who works in the domain sees them"
    (shown,) = page_of(shop.mesh, Address.parse(ANIMALS)).queries
    assert shown.note == every["note"]

    example(shop, "fails", FAILS)
    fails = told(shop)["fails"]
    assert fails["note"] == f"it gave no rows; what is wrong says: mesh query {ANIMALS} fails"
    assert answered(shop).share == 0.5
    text = shop.mesh.documents.read("zoo/discovery.json")
    assert b"alpaca" not in text
    assert b"badger" not in text


def test_what_was_told_is_withheld_with_the_stage_and_told_again_with_it(shop: Any) -> None:
    shop.product(ANIMALS, COLUMNS, ROWS)
    shop.make(address=ANIMALS)
    example(shop, "every", EVERY)

    def rows() -> Any:
        mesh, loaded = shop.mesh, shop.load(ANIMALS)
        Telling(mesh, loaded.domain, [loaded]).refresh([], seconds=float("inf"))
        document = json.loads(mesh.documents.read("zoo/discovery.json"))
        return document["products"][0]["queries"][0]["rows"]

    assert rows() == [["alpaca"], ["badger"]]
    for stage in ("alpha", "beta"):
        set_stage(shop, stage)
        assert rows() == []
    set_stage(shop, "stable")
    assert rows() == [["alpaca"], ["badger"]]


@pytest.mark.parametrize("by", ["its stage", "its columns"])
def test_what_a_domain_reads_of_another_by_grant_is_told_to_nobody(
    shop: Any, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor the columns that are public of a port that is read by grant."""
    keeper = {"keeper": {"physicalType": "VARCHAR", "classification": "confidential"}}
    stage, more = ("beta", {}) if by == "its stage" else ("stable", keeper)
    rows = {**ROWS, "keeper": ["Mo", "Jo"]} if more else ROWS
    shop.product(ANIMALS, {**COLUMNS, **more}, rows, stage=stage)
    shop.name_owners("noor@zoo.example", domain="zoo")
    shop.make(address=ANIMALS)
    shop.product("books/totals/v1", {"n": "BIGINT"}, {"n": [1]})
    shop.name_owners("ada@books.example", domain="books")
    shop.make(address="books/totals/v1")
    both = "select name from books.totals join zoo.animals using (n)"
    example(shop, "both", both, "books/totals/v1")
    example(shop, "own", "select n from books.totals", "books/totals/v1")
    assert "may not read" in told(shop, "books/totals/v1")["both"]["note"]

    monkeypatch.chdir(shop.root)
    monkeypatch.setenv("MESH_USER", "ada@books.example")
    until = (clock.now() + timedelta(days=30)).date().isoformat()
    run(["request", "zoo/animals", "--purpose", "to count", "--until", until])
    if by == "its columns":
        monkeypatch.setenv("MESH_USER", "noor@zoo.example")
        (waiting,) = shop.reviews("zoo", kind="access")
        assert run(["review", "grant", waiting.id, "--why", "sure"]) == 0
        monkeypatch.setenv("MESH_USER", "ada@books.example")
    shop.make(address="books/totals/v1")
    for each in (shop.load("books/totals/v1").folder / "queries").glob("*.sql"):
        each.write_text(each.read_text() + "-- once more\n")
    assert query(both, mesh=shop.mesh).to_pylist() == [{"name": "alpaca"}]
    found = told(shop, "books/totals/v1")
    assert found["own"]["rows"] == [[1]]
    assert (found["both"]["rows"], found["both"]["withheld"]) == ([], True)
    assert f"for who may read {ANIMALS}" in found["both"]["note"]
