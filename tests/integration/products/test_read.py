"""Reading a port: what, as of when, in which frame; by anybody, and by nobody written."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from types import ModuleType
from typing import Any

import polars as pl
import pytest

import mesh_dagster
from mesh_dagster.clock import frozen
from mesh_dagster.errors import NeverPublished, UnknownAddress, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.products.auditing.clean import clean
from mesh_dagster.products.reading.read import publication_at, read
from mesh_dagster.products.reading.snapshots import snapshots

DAY, NEXT, THIRD = "2013-11-01", "2013-11-02", "2013-11-03"
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sales(read_only: Any, world: ModuleType) -> Any:
    """Three publications, an hour apart: two days, the first again, a third day."""
    days = {DAY: [1, 2], NEXT: [3], THIRD: [4]}
    rows = world.sold(days).with_columns(at=pl.col("day").cast(pl.Datetime("us", "UTC")))
    read_only.product(
        "shop/sales/v1",
        world.COLUMNS | {"at": "TIMESTAMPTZ"},
        rows,
        partitions=world.DAILY,
        table={"customProperties": [{"property": "eventTime", "value": "at"}]},
    )
    with frozen(NOON):
        read_only.make(DAY, NEXT)
    read_only.feed(rows.with_columns(pl.col("amount") * 10))
    with frozen(NOON + timedelta(hours=1)):
        read_only.make(DAY)
    with frozen(NOON + timedelta(hours=2)):
        read_only.make(THIRD)
    return read_only


def test_columns_and_conditions_narrow_what_is_read(sales: Any) -> None:
    mesh = sales.mesh
    by_expression = read("shop/sales", mesh=mesh, columns=["amount"], where=pl.col("amount") > 3)
    assert sorted(by_expression.polars().collect().rows()) == [(10,), (20,), (40,)]
    by_text = read("shop/sales", mesh=mesh, columns=["amount"], where="amount > 3 and item = 'tea'")
    assert by_text.polars().collect().sort("amount").rows() == [(10,), (20,), (40,)]
    with pytest.raises(UsageError, match="no SQL expression"):
        read("shop/sales", mesh=mesh, where="amount >")
    with pytest.raises(UsageError, match="there is no column amout") as caught:
        read("shop/sales", mesh=mesh, columns=["item", "amout"]).polars()
    assert caught.value.fix == "columns=['item', 'amount']"
    with pytest.raises(UsageError, match="amount is asked for twice"):
        read("shop/sales", mesh=mesh, columns=["amount", "amount"]).polars()
    with pytest.raises(UsageError, match=r"does not fit the port: .*nosuch"):
        read("shop/sales", mesh=mesh, where="nosuch = 0")


def test_as_of_reads_what_had_been_published_by_then(sales: Any) -> None:
    for when in FIRST:
        assert sales.amounts(as_of=when) == {DAY: [1, 2], NEXT: [3]}, when


FIRST = [
    1,
    "1",
    NOON,
    NOON + timedelta(minutes=59),
    (NOON + timedelta(minutes=30)).replace(tzinfo=None),
    (NOON + timedelta(minutes=30)).astimezone(timezone(timedelta(hours=-7))),
]


def test_as_of_takes_the_id_of_a_publication_too(sales: Any) -> None:
    second = snapshots(sales.mesh, Address.parse("shop/sales/v1"))[1]
    assert sales.amounts(as_of=second.id) == {DAY: [10, 20], NEXT: [3]}
    assert sales.amounts() == {DAY: [10, 20], NEXT: [3], THIRD: [40]}


def test_as_of_before_the_first_publication_is_an_error(sales: Any) -> None:
    with pytest.raises(NeverPublished, match="had not been published at 2013-11-08T11:00"):
        sales.amounts(as_of=NOON - timedelta(hours=1))
    with pytest.raises(UnknownAddress, match="has no publication 9"):
        sales.amounts(as_of=9)


def test_as_of_what_retention_let_go_is_an_error_that_says_so(
    shop: Any, world: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesh_dagster.products.auditing.clean.KEEP_PUBLICATIONS", 1)
    level = {"property": "retention", "value": 2, "unit": "d"}
    shop.product(rows=world.sold({DAY: [1]}), levels=[level])
    for hours in (0, 1, 100):
        with frozen(NOON + timedelta(hours=hours)):
            shop.make(DAY)
    with frozen(NOON + timedelta(hours=101)), shop.mesh.journal("shop") as journal:
        cleaned = clean(shop.mesh, shop.load(), journal)
    assert cleaned.publications == 1
    with pytest.raises(NeverPublished, match=r"older than its retention.* kept is 2"):
        shop.amounts(as_of=NOON)
    assert shop.amounts(as_of=NOON + timedelta(hours=50)) == {DAY: [1]}


def test_an_event_range_selects_by_when_things_happened(sales: Any) -> None:
    second = datetime(2013, 11, 2, tzinfo=UTC)
    third = second + timedelta(days=1)
    assert sales.amounts(event_from=second, event_to=third) == {NEXT: [3]}
    assert sales.amounts(event_from=second) == {NEXT: [3], THIRD: [40]}
    assert sales.amounts(event_to=second) == {DAY: [10, 20]}
    assert sales.amounts(event_to=second.replace(tzinfo=None)) == {DAY: [10, 20]}
    elsewhere = second.astimezone(timezone(timedelta(hours=-7)))
    assert sales.amounts(event_from=elsewhere) == {NEXT: [3], THIRD: [40]}
    assert sales.amounts(event_from=second, as_of=1) == {NEXT: [3]}
    pruned = read("shop/sales", mesh=sales.mesh, event_from=third)
    assert len(pruned.files) == 1


def test_a_port_without_event_time_has_no_event_range(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    with pytest.raises(UsageError, match="no event time"):
        shop.amounts(event_from=NOON)


def test_four_frames_hold_the_same_rows(sales: Any) -> None:
    found = read("shop/sales", mesh=sales.mesh, columns=["day", "item", "amount"])
    wanted = [
        (date(2013, 11, 1), "tea", 10),
        (date(2013, 11, 1), "tea", 20),
        (date(2013, 11, 2), "tea", 3),
        (date(2013, 11, 3), "tea", 40),
    ]
    assert isinstance(found.polars(), pl.LazyFrame)
    assert sorted(found.polars().collect().rows()) == wanted
    assert sorted(tuple(row.values()) for row in found.arrow().to_pylist()) == wanted
    pandas = found.pandas().assign(day=lambda frame: frame["day"].dt.date)
    assert sorted(pandas.itertuples(index=False, name=None)) == wanted
    assert sorted(found.duckdb().fetchall()) == wanted


def test_a_process_without_mesh_dagster_reads_with_plain_pyiceberg(sales: Any) -> None:
    published = publication_at(sales.mesh, Address.parse("shop/sales/v1"))
    properties = sales.mesh.storage.iceberg_properties()
    done = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN, published.ports[""].metadata, json.dumps(properties)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [3, 10, 20, 40]


PLAIN = """
import json, sys
sys.modules["mesh_dagster"] = None
from pyiceberg.table import StaticTable
table = StaticTable.from_metadata(sys.argv[1], json.loads(sys.argv[2]))
print(json.dumps(sorted(table.scan().to_arrow()["amount"].to_pylist())))
"""


def test_a_port_cannot_be_written_by_what_a_reader_gets(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    found = read("shop/sales", mesh=shop.mesh)
    before = [shop.mesh.storage.read(shop.mesh.storage.key(file)) for file in found.files]
    frame = found.pandas()
    frame["amount"] = 99
    relation = found.duckdb()
    with pytest.raises(Exception, match=r"(?i)can only"):
        relation.insert([date(2013, 11, 1), "rum", 7, NOON])
    assert shop.amounts() == {DAY: [1]}
    assert [shop.mesh.storage.read(shop.mesh.storage.key(f)) for f in found.files] == before


def test_the_public_face_offers_nothing_that_writes() -> None:
    words = ("write", "publish", "append", "delete", "overwrite", "commit", "insert")
    offered = []
    for name in mesh_dagster.__all__:
        found = getattr(mesh_dagster, name)
        members = [f"{name}.{each}" for each in dir(found)] if inspect.isclass(found) else []
        if found.__module__.startswith("mesh_dagster"):
            offered += [name, *(each for each in members if each.split(".")[1][0] != "_")]
    assert [each for each in offered if any(word in each.lower() for word in words)] == []
