"""An input port that declares its columns gets these, and no others."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import yaml

from mesh_dagster.errors import TransformError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.registry.documents import read_documents
from mesh_dagster.registry.readers import readers_of

DAY, NEXT = "2013-11-01", "2013-11-02"
TOTALS = "shop/totals"
TYPES = {"day": "DATE", "amount": "BIGINT"}
SEEN = """
import polars as pl

def transform(sales, window):
    names = ",".join(sales.collect_schema().names())
    return sales.select("day", pl.lit(names).alias("names")).head(1)
"""
SQL = "select day, sum(amount)::bigint as amount from sales group by day"


def _reader(
    shop: Any, world: ModuleType, declared: list[str] | None, columns: Any = TYPES, **how: Any
) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    shop.product(
        f"{TOTALS}/v1",
        columns,
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        **how,
    )
    if declared is not None:
        place = shop.load(TOTALS).folder / "product.odps.yaml"
        document = yaml.safe_load(place.read_text())
        custom = [{"property": "columns", "value": declared}]
        document["inputPorts"][0]["customProperties"] = custom
        place.write_text(yaml.safe_dump(document, sort_keys=False))


def _names(shop: Any) -> str:
    from mesh_dagster.products.reading.read import read

    frame = read(TOTALS, mesh=shop.mesh).polars().collect()
    return str(frame["names"].item())


@pytest.mark.parametrize(
    ("columns", "seen"),
    [(None, "day,item,amount,_recorded_at"), (["day", "amount"], "day,amount")],
)
def test_a_transform_sees_the_columns_that_are_declared(
    shop: Any, world: ModuleType, columns: list[str] | None, seen: str
) -> None:
    _reader(shop, world, columns, {"day": "DATE", "names": "VARCHAR"}, transform=SEEN)
    shop.make(DAY, address=TOTALS)
    assert _names(shop) == seen


def test_sql_sees_them_too_and_nothing_else(shop: Any, world: ModuleType) -> None:
    _reader(shop, world, ["day", "amount"], sql=SQL)
    shop.make(DAY, address=TOTALS)
    assert shop.amounts(TOTALS) == {DAY: [1]}
    place = shop.load(TOTALS).folder / "transform.sql"
    place.write_text(SQL.replace("amount)", "length(item))"))
    with pytest.raises(TransformError, match="item"):
        shop.make(DAY, address=TOTALS)


def test_a_column_that_is_not_there_is_told(shop: Any, world: ModuleType) -> None:
    _reader(shop, world, ["day", "amuont"], sql=SQL)
    with pytest.raises(UsageError, match="amuont"):
        shop.make(DAY, address=TOTALS)


def test_who_reads_what_is_in_the_documents(shop: Any, world: ModuleType) -> None:
    _reader(shop, world, ["day", "amount"], sql=SQL)
    shop.make(DAY, address=TOTALS)
    known = [each.product for each in read_documents(shop.mesh.documents)]
    sales = Address.parse("mesh://shop/sales/v1")
    (reader,) = readers_of(sales, known)
    assert str(reader) == "shop/totals (columns day, amount)"
    assert reader.of(["amount", "item"]) is not None
    assert reader.of(["item"]) is None
    assert readers_of(sales.with_major(2), known) == ()
