"""A product in the hands of somebody who writes Python: `mesh["shop/items"]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mesh_dagster.errors import AddressError, UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import About, ExampleQuery, Facts
from mesh_dagster.products.reading.examples import example, examples_of
from mesh_dagster.products.reading.port import Port
from mesh_dagster.products.reading.uses import use_counts
from mesh_dagster.products.telling.describe import announce
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import entry_of, line
from mesh_dagster.registry.writing import write_document

QUERIES = {
    "dear.sql": "-- What costs more\n-- than one?\nselect item from shop.items where price > 1;",
    "how-many.sql": "select count(*) as n from shop.items",
    "broken.sql": "-- Not so\nselect nothing from shop.items",
}


@pytest.fixture
def items(shop: Any) -> Any:
    columns = {
        "item": {"physicalType": "VARCHAR", "description": "What is \x1b[31msold"},
        "price": "BIGINT",
    }
    folder = shop.product("shop/items/v1", columns, {"item": ["tea", "jam"], "price": [2, 1]})
    (folder / "queries").mkdir()
    for name, text in QUERIES.items():
        (folder / "queries" / name).write_text(text)
    (folder / "queries" / "no text.sql").write_bytes(b"\xff")
    shop.make(address="shop/items")
    return shop


@pytest.mark.parametrize(
    "address", ["shop/items", "mesh://shop/items/v1", "shop.items", "shop.items_v1"]
)
def test_a_product_is_asked_for_by_any_spelling_of_its_address(items: Any, address: str) -> None:
    port = items.mesh[address]
    assert isinstance(port, Port)
    assert port.address == Address("shop", "items", 1)
    assert port.read().filter(pl.col("price") > 1).collect()["item"].to_list() == ["tea"]
    assert items.mesh[port.address].read(["item"], "price = 1").collect().rows() == [("jam",)]


def test_it_is_read_in_every_frame_and_as_it_was(items: Any) -> None:
    items.feed({"item": ["salt"], "price": [3]}, "shop/items/v1")
    items.make(address="shop/items")
    port = items.mesh["shop/items"]
    assert port.read(as_of=1).collect().height == 2
    assert port.open(as_of=2).pandas()["item"].tolist() == ["salt"]
    assert port.open(["item"]).arrow().to_pylist() == [{"item": "salt"}]
    assert use_counts(items.mesh) == {port.address: 3}


def test_what_is_not_there_is_told_with_what_was_meant(items: Any) -> None:
    with pytest.raises(UnknownAddress, match="did you mean `shop/items`"):
        items.mesh["shop/item"]
    with pytest.raises(AddressError):
        items.mesh["items"]
    with pytest.raises(UnknownAddress, match="did you mean `dear`"):
        items.mesh["shop/items"].queries["deer"]
    with pytest.raises(AttributeError, match="no example query 'deer'"):
        items.mesh["shop/items"].queries.deer  # noqa: B018


def test_it_shows_what_its_owner_says_and_drives_no_terminal(items: Any) -> None:
    page = repr(items.mesh["shop/items"])
    assert page.startswith("mesh://shop/items/v1 · 1.0.0 · active")
    assert "item " in page
    assert "queries: broken, dear, how-many" in page
    assert "\x1b" not in page
    assert "mesh['domain/product'].read()" in repr(items.mesh)
    assert list(items.mesh) == ["shop/items/v1"]


def test_example_queries_run_by_their_names(items: Any) -> None:
    queries = items.mesh["shop/items"].queries
    assert queries.dear().rows() == [("tea",)]
    assert queries.how_many().rows() == queries["how-many"]().rows() == [(2,)]
    assert dir(queries) == ["broken", "dear", "how_many"]
    assert queries.dear.title == "What costs more than one?"
    assert repr(queries.dear).splitlines()[1] == "select item from shop.items where price > 1"
    assert "dear: What costs more than one?" in repr(queries)


def test_a_checkout_without_the_files_has_them_from_the_document(
    world: Any, tmp_path: Path
) -> None:
    shop = world.Shop.new(tmp_path / "mesh", storage=str(tmp_path / "storage"))
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    told = Facts(queries=(ExampleQuery("all", "from shop.items", "Everything"),))
    loaded = shop.load("shop/items/v1")
    entry = line(entry_of(Described.of(loaded, told)))
    write_document(shop.mesh.documents, About.of(loaded.domain), lambda _: {"shop/items/v1": entry})
    other = world.copied(shop.root, tmp_path / "other")
    assert examples_of(other.mesh, Address("shop", "items")) == told.queries
    assert other.mesh["shop/items"].queries["all"]()["item"].to_list() == ["tea"]


def test_what_a_document_tells_no_more_is_unknown(world: Any, tmp_path: Path) -> None:
    shop = world.Shop.new(tmp_path / "mesh", storage=str(tmp_path / "storage"))
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    session = world.copied(shop.root, tmp_path / "other").mesh
    assert list(session) == ["shop/items/v1"]
    write_document(shop.mesh.documents, About("shop"), lambda _: {})
    with pytest.raises(UnknownAddress, match="in no discovery document"):
        session.described(Address("shop", "items", 1))


def test_a_search_finds_ports_to_read(items: Any) -> None:
    announce(items.mesh, items.load("shop/items/v1"))
    found = items.mesh.search("costs more")
    assert len(found) == 1
    assert found[0].read(["item"]).collect().height == 2
    assert [port.address for port in found] == [Address("shop", "items", 1)]
    assert repr(found).startswith("shop/items/v1 · ")
    assert repr(items.mesh.search("nothingofthekind")) == "nothing is found"


def test_a_name_may_be_that_of_the_file(items: Any) -> None:
    assert example(items.mesh, Address("shop", "items"), "dear.sql").name == "dear"


def test_the_mesh_answers_queries_as_a_frame(items: Any) -> None:
    found = items.mesh.query("select sum(price) as price from shop.items")
    assert found.to_dicts() == [{"price": 3}]
