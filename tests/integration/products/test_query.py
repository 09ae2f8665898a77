"""SQL over products by their names, and nothing but reading them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.errors import (
    CorruptState,
    EvaluationError,
    NeverPublished,
    UnknownAddress,
    UsageError,
)
from mesh_dagster.products.reading.query import opened, query
from mesh_dagster.products.reading.sql.process import Limits, Process

DAY, NEXT = "2013-11-01", "2013-11-02"


@pytest.fixture
def sales(anywhere: Any, world: ModuleType) -> Any:
    """`shop/sales` with a second port, a second major and `shop/items` beside it."""
    rows = world.sold({DAY: [1, 2], NEXT: [3]})
    anywhere.product(rows=rows, transform=world.TWO_PORTS, ports={"late": world.LATE})
    anywhere.make(DAY)
    anywhere.make(NEXT)
    anywhere.product("shop/sales/v2", world.COLUMNS, world.sold({DAY: [7]}),
                     partitions=world.DAILY)  # fmt: skip
    anywhere.make(DAY, address="shop/sales/v2")
    items = {"item": ["tea", "jam"], "price": [2, 5]}
    anywhere.product("shop/items/v1", {"item": "VARCHAR", "price": "BIGINT"}, items)
    anywhere.make(address="shop/items")
    return anywhere


def _rows(shop: Any, sql: str, **rest: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query(sql, mesh=shop.mesh, **rest).to_pylist()]


def test_products_are_tables_by_their_sql_names(sales: Any) -> None:
    for sql, wanted in NAMED:
        assert _rows(sales, sql) == wanted, sql


NAMED = [
    ("select sum(amount) from shop.sales_v1", [(6,)]),
    ("select sum(amount) from shop.sales", [(7,)]),
    ("from shop.sales_v1__late select max(amount)", [(3,)]),
    ("select sum(amount) from SHOP.Sales_V1", [(6,)]),
    ('select sum(amount) from "shop"."sales_v1"', [(6,)]),
    ("with a as (from shop.sales_v1) select count(*) from a", [(3,)]),
    (
        "select sum(amount * price) from shop.sales_v1 s join shop.items i using (item)",
        [(12,)],
    ),
    ("select count(*) from shop.sales_v1 a, shop.sales_v1__late b", [(9,)]),
    ("select 1 as one", [(1,)]),
]


def test_as_of_holds_for_every_table_of_a_query(sales: Any) -> None:
    sql = "select count(*) from shop.sales_v1, shop.sales_v1__late"
    assert _rows(sales, sql, as_of=1) == [(4,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("attach '/tmp/x.db'", "this is ATTACH"),
        ("copy (select 1) to '{out}'", "this is COPY"),
        ("pragma database_list", "a query is one SELECT"),
        ("set threads = 1", "this is SET"),
        ("create table t (a int)", "this is CREATE"),
        ("insert into shop.sales_v1 values (1)", "this is INSERT"),
        ("delete from shop.sales_v1", "this is DELETE"),
        ("install httpfs", "this is LOAD"),
        ("select 1; drop view shop.sales_v1", "SELECT and DROP"),
        ("", "this is empty"),
        ("selec 1", "this is not SQL"),
    ],
)
def test_what_is_not_one_select_is_refused(
    shop: Any, tmp_path: Path, sql: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        _rows(shop, sql.format(out=tmp_path / "out"))
    assert caught.value.code == "MESH-M041"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "from read_csv('{file}')",
        "from '{file}'",
        "from read_text('{file}')",
        "from read_blob('{file}')",
        "from glob('/etc/*')",
        "from parquet_metadata('{file}')",
        "select * from query('from read_text(''{file}'')')",
        "select count(*) from shop.items where item in (select content from read_text('{file}'))",
    ],
)
def test_a_query_reads_no_file_that_is_not_a_products(shop: Any, tmp_path: Path, sql: str) -> None:
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(UsageError, match=r"only products can be read|there is no table") as caught:
        _rows(shop, sql.format(file=secret))
    assert caught.value.code in ("MESH-M066", "MESH-M043")


def test_a_table_that_is_not_there_is_told_with_what_was_meant(shop: Any) -> None:
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    with pytest.raises(NeverPublished, match=r"(?s)no publication\n.*mesh run shop/items/v1"):
        _rows(shop, "from shop.items")
    shop.make(address="shop/items")
    with pytest.raises(UnknownAddress, match="did you mean `shop/items`"):
        _rows(shop, "from shop.item")
    with pytest.raises(UnknownAddress, match="has no major v3"):
        _rows(shop, "from shop.items_v3")
    with pytest.raises(UnknownAddress, match="no port 'late'"):
        _rows(shop, "from shop.items__late")
    with pytest.raises(UsageError, match=r"there is no table items.*did you mean `shop.items`"):
        _rows(shop, "from items")
    with pytest.raises(EvaluationError, match='"itm" not found'):
        _rows(shop, "select itm from shop.items")


def test_what_was_meant_stands_in_quotes_where_sql_keeps_the_name_for_itself(shop: Any) -> None:
    both = 'def transform(rows, window):\n    return {"lines": rows, "late": rows}\n'
    columns = {"item": "VARCHAR"}
    shop.product(
        "order/lines/v1", columns, {"item": ["tea"]}, transform=both, ports={"late": columns}
    )
    shop.make(address="order/lines")
    for name, meant in (("lines", '"order".lines'), ("order_lines_late", '"order".lines_v1__late')):
        with pytest.raises(UsageError) as caught:
            _rows(shop, f"from {name}")
        assert f"did you mean `{meant}`?" in str(caught.value)
        assert _rows(shop, f"select item from {meant}") == [("tea",)]


def test_rows_come_as_they_are_asked_for_and_nothing_runs_on_when_enough_came(shop: Any) -> None:
    shop.product("shop/items/v1", {"item": "BIGINT"}, {"item": list(range(1000))})
    shop.make(address="shop/items")
    sql = "select a.item + b.item * c.item as n from shop.items a, shop.items b, shop.items c"
    with opened(sql, mesh=shop.mesh) as rows:
        assert rows.schema.names == ["n"]
        assert next(rows.batches).num_rows > 0


def test_only_products_that_a_query_names_are_opened(shop: Any) -> None:
    for name in ("items", "broken"):
        shop.product(f"shop/{name}/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
        shop.make(address=f"shop/{name}")
    shop.mesh.storage.delete(
        [each.key for each in shop.mesh.storage.list("shop/broken/v1/") if "data/" in each.key]
    )
    assert _rows(shop, "select item from shop.items") == [("tea",)]
    with pytest.raises(CorruptState):
        _rows(shop, "from shop.items, shop.broken")


def test_two_columns_of_one_name_are_two(shop: Any) -> None:
    (row,) = query("select 1 as a, 2 as a, 3 as A_1", mesh=shop.mesh).to_pylist()
    assert list(row.values()) == [1, 2, 3]


def test_a_sort_larger_than_its_memory_spills_to_disk(shop: Any) -> None:
    sql = "select max(x) from (select hash(range) as x from range(20000000) order by x)"
    assert len(_rows(shop, sql, limits=Limits(120, 128))) == 1


def test_a_query_has_no_credentials(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of this machine")
    with Process("select 1", Limits()) as process:
        process.asked()
        pid = process._process.pid
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"of this machine" not in environment
    assert not process.folder.exists()


ONE_ROW = """
import polars as pl

def transform(window):
    row = {{"day": [window.start.date()], "amount": [1]{more}}}
    return pl.DataFrame(row, schema_overrides={{"amount": pl.{kind}}})
"""


def test_a_query_reads_columns_that_older_files_lack_or_hold_narrower(shop: Any) -> None:
    columns = {"day": "DATE", "amount": "INTEGER"}
    daily = {"every": "day", "column": "day", "start": DAY}
    shop.product("shop/sums/v1", columns, partitions=daily,
                 transform=ONE_ROW.format(more="", kind="Int32"))  # fmt: skip
    shop.make(DAY, address="shop/sums")
    columns = {"note": "VARCHAR", "day": "DATE", "amount": "BIGINT"}
    shop.product("shop/sums/v1", columns, partitions=daily,
                 transform=ONE_ROW.format(more=", 'note': ['x']", kind="Int64"))  # fmt: skip
    shop.make(NEXT, address="shop/sums")
    table = query("select note, amount from shop.sums order by day", mesh=shop.mesh)
    assert table.to_pylist() == [{"note": None, "amount": 1}, {"note": "x", "amount": 1}]
    assert str(table.schema.field("amount").type) == "int64"
