"""What people read is noted by themselves, and by nobody else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mesh_dagster import clock
from mesh_dagster.errors import EvaluationError, NeverPublished
from mesh_dagster.model.address import Address
from mesh_dagster.products.reading import uses
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.read import read
from mesh_dagster.products.reading.uses import Use, record_uses, use_counts, uses_of

ITEMS = Address("shop", "items", 1)


@pytest.fixture
def items(shop: Any) -> Any:
    columns = {"item": "VARCHAR", "price": "BIGINT"}
    shop.product("shop/items/v1", columns, {"item": ["tea"], "price": [2]})
    shop.make(address="shop/items")
    return shop


def _noted(shop: Any) -> list[tuple[Any, ...]]:
    return [
        (str(each.use.address), each.use.publication, each.use.means, each.use.columns, each.times)
        for each in uses_of(shop.mesh)
    ]


def test_a_query_notes_the_publication_and_the_columns_that_it_can_have_read(items: Any) -> None:
    for _ in range(2):
        query("select max(PRICE) from shop.items", mesh=items.mesh)
    query("from shop.items", mesh=items.mesh)
    address = "mesh://shop/items/v1"
    assert sorted(_noted(items), key=str) == [
        (address, 1, "query", ("price",), 2),
        (address, 1, "query", None, 1),
    ]
    assert use_counts(items.mesh) == {ITEMS: 3}


def test_a_read_in_python_is_noted_too_and_what_a_product_makes_of_another_is_not(
    items: Any,
) -> None:
    read("shop/items", columns=["item"], mesh=items.mesh)
    assert _noted(items) == [("mesh://shop/items/v1", 1, "read", ("item",), 1)]
    items.product("shop/sums/v1", {"n": "BIGINT"}, inputs={"items": "mesh://shop/items/v1"},
                  sql="select count(*) as n from items")  # fmt: skip
    items.make(address="shop/sums")
    assert use_counts(items.mesh) == {ITEMS: 1}


def test_what_was_not_read_is_not_noted(items: Any) -> None:
    with pytest.raises(EvaluationError):
        query("select nothing from shop.items", mesh=items.mesh)
    items.product("shop/never/v1", {"n": "BIGINT"}, {"n": [1]})
    with pytest.raises(NeverPublished):
        read("shop/never", mesh=items.mesh)
    assert _noted(items) == []


def test_no_journal_of_a_domain_knows_of_it(items: Any) -> None:
    journals = items.root / ".mesh" / "journals"
    before = {file: file.read_bytes() for file in journals.iterdir()}
    query("from shop.items", mesh=items.mesh)
    assert {file: file.read_bytes() for file in journals.iterdir()} == before
    (ledger,) = (items.root / ".mesh" / "uses").iterdir()
    assert ledger.suffix == ".db"


def test_use_is_counted_over_the_last_thirty_days_and_forgotten_after_a_year(items: Any) -> None:
    now = clock.now()
    for days in (500, 40, 29, 0):
        with clock.frozen(now - timedelta(days=days)):
            record_uses(items.mesh, [Use(ITEMS, 1, "read")])
    assert use_counts(items.mesh) == {ITEMS: 2}
    assert use_counts(items.mesh, timedelta(days=1000)) == {ITEMS: 3}


def test_a_ledger_is_bounded(items: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "MOST", 5)
    monkeypatch.setattr(uses, "LARGEST", 1)
    for number in range(20):
        record_uses(items.mesh, [Use(ITEMS, number, "read")])
    assert sorted(each.use.publication for each in uses_of(items.mesh)) == [15, 16, 17, 18, 19]


@pytest.mark.parametrize("harm", ["corrupt", "no text", "another table", "a folder"])
def test_a_ledger_that_cannot_be_written_never_stops_a_read(items: Any, harm: str) -> None:
    record_uses(items.mesh, [Use(ITEMS, 1, "read")])
    (ledger,) = (items.root / ".mesh" / "uses").iterdir()
    before = ledger.read_bytes()
    assert b"CREATE TABLE uses" in before
    ledger.unlink()
    match harm:
        case "no text":
            ledger.write_bytes(before.replace(b"CREATE TABLE uses", b"CREATE TABL\xa1 uses"))
        case "corrupt":
            ledger.write_bytes(b"no database at all" * 1000)
        case "another table":
            with closing(sqlite3.connect(ledger)) as made:
                made.execute("create table uses (x)")
        case _:
            ledger.mkdir()
    assert query("select item from shop.items", mesh=items.mesh).num_rows == 1
    assert use_counts(items.mesh) == ({ITEMS: 1} if harm in ("corrupt", "no text") else {})


def test_where_nothing_can_be_written_a_read_is_a_read(items: Any) -> None:
    Path(items.root / ".mesh" / "uses").write_text("in the way")
    assert read("shop/items", mesh=items.mesh).rows == 1
    assert use_counts(items.mesh) == {}
