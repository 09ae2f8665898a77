"""A publication knows what its columns are made of, and so does who asks for it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from mesh_dagster.lineage.columns import sql as reader
from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.products.check import check
from mesh_dagster.products.making.column_lineage import column_lineage
from mesh_dagster.products.mesh import Mesh

DAY = "2013-11-01"
SALES = "shop/sales/v1"
TOTALS = "shop/totals/v1"


@pytest.fixture
def sold(shop: Any, world: ModuleType) -> Any:
    """A shop that has sold something."""
    shop.product(rows=world.sold({DAY: [1, 2]}))
    shop.make(DAY)
    return shop


def totals(sold: Any, columns: Any = None, **work: Any) -> Path:
    given = columns or {"item": "VARCHAR", "total": "BIGINT"}
    return sold.product(TOTALS, given, inputs={"sales": f"mesh://{SALES}"}, **work)


def lineage(sold: Any, address: str = TOTALS) -> ColumnLineage:
    return column_lineage(sold.mesh, Address.parse(address))


def sales(column: str, use: Use) -> InputColumn:
    return InputColumn(Address.parse(SALES), column, use)


SQL = "select item, sum(amount)::bigint as total from sales group by item"
MADE = {"item": (sales("item", Use.IDENTITY),), "total": (sales("amount", Use.AGGREGATION),)}
KEYS = (sales("item", Use.GROUP_BY),)


def test_sql_tells_what_it_makes(sold: Any) -> None:
    totals(sold, sql=SQL)
    sold.make(address=TOTALS)
    assert lineage(sold) == ColumnLineage(MADE, KEYS, Evidence.SQL)


def test_a_lazy_frame_tells_what_it_makes(sold: Any) -> None:
    work = """
import polars as pl

def transform(sales):
    return sales.group_by("item").agg(pl.col("amount").sum().alias("total"))
"""
    totals(sold, transform=work)
    sold.make(address=TOTALS)
    assert lineage(sold) == ColumnLineage(MADE, KEYS, Evidence.PLAN)


def test_a_plan_is_known_wherever_the_files_lie(anywhere: Any, world: ModuleType) -> None:
    anywhere.product(rows=world.sold({DAY: [1, 2]}))
    anywhere.make(DAY)
    totals(
        anywhere, transform="def transform(sales):\n    return sales.select('item', total='amount')"
    )
    anywhere.make(address=TOTALS)
    assert lineage(anywhere).columns["total"] == (sales("amount", Use.IDENTITY),)


def test_a_source_is_named_by_its_input_port(sold: Any) -> None:
    found = lineage(sold, SALES)
    assert found.columns["amount"] == (InputColumn(None, "amount", Use.IDENTITY, "rows"),)
    assert {each.column for each in found.rows or ()} == {"day"}


OPAQUE = """
import polars as pl

def transform(sales):
    return sales.collect().to_pandas().groupby("item", as_index=False).agg(total=("amount", "sum"))
"""


def test_what_python_hides_is_unknown(sold: Any) -> None:
    totals(sold, transform=OPAQUE)
    sold.make(address=TOTALS)
    assert lineage(sold) == ColumnLineage({"item": None, "total": None}, None, None)


def test_what_python_hides_a_contract_can_tell(sold: Any) -> None:
    columns = {
        "item": {"physicalType": "VARCHAR", "transformSourceObjects": ["sales.item"]},
        "total": {"physicalType": "BIGINT", "transformLogic": "sum(sales.amount)"},
    }
    totals(sold, columns, transform=OPAQUE)
    sold.make(address=TOTALS)
    found = lineage(sold)
    assert found.evidence is Evidence.DECLARED
    assert found.columns["item"] == (sales("item", Use.TRANSFORMATION),)
    assert found.columns["total"] == (sales("amount", Use.AGGREGATION),)
    assert found.rows is None
    assert [each for each in check(sold.mesh) if each.code.startswith("MESH-L")] == []


def test_a_product_that_was_never_made_is_unknown(sold: Any) -> None:
    totals(sold, sql=SQL)
    assert lineage(sold) == ColumnLineage({"item": None, "total": None}, None, None)


def test_the_same_text_is_read_once(sold: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = totals(sold, sql=SQL)
    read: list[str] = []
    parse = reader.relation_from_sql

    def counted(text: str, tables: Any) -> Any:
        read.append(text)
        return parse(text, tables)

    monkeypatch.setattr(reader, "relation_from_sql", counted)
    for _ in range(3):
        sold.make(address=TOTALS)
    assert read == [SQL]
    (folder / "transform.sql").write_text(f"{SQL} having total > 0")
    sold.make(address=TOTALS)
    assert len(read) == 2
    assert sales("amount", Use.FILTER) in (lineage(sold).rows or ())


def test_what_cannot_be_found_hinders_nobody(
    sold: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("out of luck")

    monkeypatch.setattr(reader, "relation_from_sql", broken)
    totals(sold, sql=SQL)
    attempt = sold.make(address=TOTALS)
    assert [each.outcome.value for each in attempt.decisions] == ["published"]
    assert "out of luck" in caplog.text
    assert set(lineage(sold).columns.values()) == {None}


def test_what_cannot_be_found_is_not_what_was_found_before(
    sold: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = totals(sold, sql=SQL)
    sold.make(address=TOTALS)
    with monkeypatch.context() as patch:
        patch.setattr(reader, "relation_from_sql", lambda *_: 1 // 0)
        (folder / "transform.sql").write_text(f"{SQL} having total > 0")
        sold.make(address=TOTALS)
        assert lineage(sold) == ColumnLineage({"item": None, "total": None}, None, None)
    sold.make(address=TOTALS)
    assert lineage(sold).columns == MADE


def test_a_part_of_a_plan_that_is_not_known_leaves_the_rest_known(sold: Any) -> None:
    plain = "def transform(sales):\n    return sales.select('item', total='amount')\n"
    folder = totals(sold, transform=plain)
    sold.make(address=TOTALS)
    work = """
import polars as pl

def transform(sales):
    pair = pl.struct("day").struct.with_fields(pl.col("amount")).struct.field("amount")
    return sales.with_columns(total=pair).select("item", "total")
"""
    (folder / "transform.py").write_text(work)
    sold.make(address=TOTALS)
    assert lineage(sold).columns == {"item": (sales("item", Use.IDENTITY),), "total": None}


def test_a_masked_column_is_made_of_a_source_and_of_a_product(
    sold: Any, caplog: pytest.LogCaptureFixture
) -> None:
    masked = [{"property": "mask", "value": {"truncate": 1}}]
    columns = {"item": {"physicalType": "VARCHAR", "customProperties": masked}}
    sold.product(
        TOTALS,
        columns,
        rows=pl.DataFrame({"item": ["coffee"]}),
        inputs={"sales": f"mesh://{SALES}"},
        sql="select coalesce(rows.item, sales.item) as item from rows cross join sales",
    )
    sold.make(address=TOTALS)
    found = lineage(sold, f"{TOTALS}/masked").columns["item"] or ()
    used = {(each.source, str(each.address or ""), each.column) for each in found}
    assert used == {("rows", "", "item"), ("", f"mesh://{SALES}", "item")}
    assert "could not be found" not in caplog.text


def test_another_domain_knows_it_by_the_document(sold: Any, tmp_path: Path) -> None:
    totals(sold, sql=SQL)
    sold.make(address=TOTALS)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "domains").mkdir(parents=True)
    config = (sold.root / "mesh.yaml").read_text()
    storage = sold.mesh.config.storage
    lines = [line for line in config.splitlines() if not line.startswith("storage")]
    (elsewhere / "mesh.yaml").write_text("\n".join([*lines, f"storage: {storage}", ""]))
    found = column_lineage(Mesh.open(elsewhere), Address.parse(TOTALS))
    assert found.columns == MADE
    assert found.evidence is Evidence.SQL


def test_quarantined_data_changes_nothing_of_what_is_told(sold: Any) -> None:
    columns = {
        "item": "VARCHAR",
        "total": {"physicalType": "BIGINT", "logicalTypeOptions": {"minimum": 0}},
    }
    folder = totals(sold, columns, sql=SQL)
    sold.make(address=TOTALS)
    (folder / "transform.sql").write_text(
        "select item, -max(amount)::bigint as total from sales where item = 'tea' group by item"
    )
    attempt = sold.make(address=TOTALS)
    assert [each.outcome.value for each in attempt.decisions] == ["quarantined"]
    assert lineage(sold).rows == KEYS


def test_a_rollback_tells_what_it_shows_again(sold: Any) -> None:
    folder = totals(sold, sql=SQL)
    sold.make(address=TOTALS)
    other = "select item, max(amount)::bigint as total from sales where day is not null group by 1"
    (folder / "transform.sql").write_text(other)
    sold.make(address=TOTALS)
    assert lineage(sold).rows != KEYS
    sold.rollback(1, TOTALS)
    assert lineage(sold) == ColumnLineage(MADE, KEYS, Evidence.SQL)


def test_the_word_of_a_contract_is_held_against_what_is_read(sold: Any) -> None:
    columns = {
        "item": {"physicalType": "VARCHAR", "transformSourceObjects": ["sales.itm", "sale.item"]},
        "total": {"physicalType": "BIGINT", "transformSourceObjects": ["sales.day"]},
    }
    totals(sold, columns, sql=SQL)
    sold.make(address=TOTALS)
    found = {each.code: each for each in check(sold.mesh) if each.code.startswith("MESH-L")}
    assert set(found) == {"MESH-L030", "MESH-L032"}
    told = [each.message for each in check(sold.mesh) if each.code == "MESH-L030"]
    assert "`sales.itm`" in told[0]
    assert "did you mean `item`?" in told[0]
    assert "no input port 'sale'" in told[1]
    assert f"said to be made of {SALES}.day" in found["MESH-L032"].message


def test_a_column_that_is_read_and_nobody_declares_is_told(sold: Any) -> None:
    columns = {
        "item": {"physicalType": "VARCHAR", "transformSourceObjects": ["sales.item"]},
        "total": "BIGINT",
    }
    folder = totals(sold, columns, transform=OPAQUE)
    file = folder / "product.odps.yaml"
    text = file.read_text()
    port = "contractId: mesh://shop/sales/v1\n"
    assert port in text
    indent = " " * (len(text[: text.index(port)].rpartition("\n")[2]))
    said = ["customProperties:", "- property: columns", "  value: [item, amount]"]
    narrowed = port + "".join(f"{indent}{line}\n" for line in said)
    file.write_text(text.replace(port, narrowed))
    (found,) = [each for each in check(sold.mesh) if each.code == "MESH-L031"]
    assert "reads amount" in found.message


def test_two_ports_are_told_apart(shop: Any) -> None:
    both = """
import polars as pl

def transform(rows):
    return {"sales": rows, "late": rows.filter(pl.col("item") == "tea").select("amount")}
"""
    rows = pl.DataFrame({"item": ["tea"], "amount": [1]})
    columns = {"item": "VARCHAR", "amount": "BIGINT"}
    shop.product(
        SALES, columns, rows, transform=both, ports={"late": {"amount": "BIGINT"}}, partitions=None
    )
    shop.make()
    assert lineage(shop, SALES).rows == ()
    late = lineage(shop, f"{SALES}/late")
    assert list(late.columns) == ["amount"]
    assert [each.column for each in late.rows or ()] == ["item"]


@pytest.mark.parametrize(
    "returned",
    [
        "sales.collect().select('item', total='amount')",
        "sales.collect().select('item', total='amount').to_arrow()",
        "sales.collect().select('item', total='amount').to_pandas()",
        "sales.select('item', total='amount').map_batches(lambda frame: frame)",
    ],
)
def test_whatever_is_returned_has_its_own_columns(sold: Any, returned: str) -> None:
    totals(sold, transform=f"def transform(sales):\n    return {returned}")
    sold.make(address=TOTALS)
    assert lineage(sold) == ColumnLineage({"item": None, "total": None}, None, None)
