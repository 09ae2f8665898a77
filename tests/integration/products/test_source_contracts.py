"""A source is held against its contract before the transform reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from mesh_dagster.errors import DescriptorError, EvaluationError
from mesh_dagster.model.snapshot import AttemptState
from mesh_dagster.products.check import check
from mesh_dagster.products.making.source_contracts import audit_sources

COLUMNS = {
    "day": {"logicalType": "date", "required": True},
    "item": {"logicalType": "string", "required": True},
    "amount": {"logicalType": "integer", "logicalTypeOptions": {"minimum": 0}},
    "note": {"logicalType": "string"},
}
TRANSFORM = """
import polars as pl

def transform(rows, window):
    days = rows.with_columns(pl.col("day").str.to_date())
    found = days.filter(pl.col("day").dt.to_string("%Y-%m-%d").is_in(window.keys))
    return found.select("day", "item", pl.col("amount").cast(pl.Int64))
"""
GOOD = "day,item,amount,note\n2013-11-01,tea,3,\n2013-11-02,coffee,4,hot\n"


class Source:
    """A product that reads a file whose owner writes what he likes."""

    def __init__(self, shop: Any, form: str = "csv") -> None:
        self.shop, self.form = shop, form
        wiring = {"sources": {"rows": {"path": f"rows.{form}", "format": form}}}
        rows = pl.DataFrame({"day": ["2013-11-01"]})
        self.folder: Path = shop.product(transform=TRANSFORM, rows=rows, wiring=wiring)
        (self.folder / "rows.csv").write_text(GOOD)
        self.promise()

    def promise(self, columns: Any = None, **more: Any) -> None:
        stated = COLUMNS if columns is None else columns
        contract = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "source:test/rows",
            "version": "1.0.0",
            "status": "active",
            "schema": [
                {
                    "name": "rows",
                    "properties": [{"name": name, **stated[name]} for name in stated],
                    **more,
                }
            ],
        }
        (self.folder / "source.odcs.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))

    def holds(self, text: str) -> None:
        (self.folder / "rows.csv").write_text(text)

    def make(self, key: str = "2013-11-01") -> list[str]:
        said: list[str] = []
        self.shop.make(key, log=said.append)
        return [line for line in said if line.startswith("source")]

    def refused(self) -> str:
        with pytest.raises(EvaluationError) as refusal:
            self.shop.make("2013-11-02")
        assert refusal.value.code == "MESH-C060"
        assert "source.odcs.yaml:" in str(refusal.value.where)
        return refusal.value.what


@pytest.fixture
def source(shop: Any) -> Source:
    return Source(shop)


def test_a_source_that_keeps_its_contract_is_read_and_its_columns_remembered(
    source: Source,
) -> None:
    source.holds(GOOD)
    assert source.make() == []
    assert source.shop.amounts() == {"2013-11-01": [3]}
    with source.shop.mesh.journal("shop") as journal:
        remembered = journal.last_columns("shop/sales/v1", "rows", "source:test/rows")
        (attempt,) = journal.attempts("shop/sales/v1")
    assert remembered == {"day": "date", "item": "string", "amount": "long", "note": "string"}
    assert attempt.reads[0].columns == remembered


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "day,item,amount,note,price\n2013-11-02,tea,3,,1.5\n",
            "price (string) is in the data and not in the contract\n"
            "  rows: since it was last read, price is new, a double",
        ),
        (
            "day,amount,note\n2013-11-02,3,\n",
            "item is required and missing\n  rows: since it was last read, item is gone",
        ),
        (
            "day,items,amount,note\n2013-11-02,tea,3,\n",
            "item is required and missing; did you mean items?; "
            "items (string) is in the data and not in the contract; did you mean item?\n"
            "  rows: since it was last read, item seems to be named items now",
        ),
        (
            "day,item,amount,note\n2013-11-02,tea,3.5,\n",
            "1 of 1 row has an amount that is not an integer; the contract allows none: '3.5'\n"
            "  rows: since it was last read, amount was long and is double",
        ),
        (
            "day,item,amount,note\n2013-11-02,tea,3,\n2013-11-02,tea,three,\n",
            "1 of 2 rows has an amount that is not an integer; the contract allows none: 'three'\n"
            "  rows: since it was last read, amount was long and is string",
        ),
        (
            "day,item,amount,notes\n2013-11-02,tea,3,\n",
            "notes (string) is in the data and not in the contract; did you mean note?\n"
            "  rows: since it was last read, note seems to be named notes now",
        ),
        (
            "day,item,amount,note\n02.11.2013,tea,3,\n",
            "1 of 1 row has a day that is not a date; the contract allows none: '02.11.2013'\n"
            "  rows: since it was last read, day was date and is string",
        ),
    ],
)
def test_what_a_source_changed_stops_the_attempt_and_is_said(
    source: Source, text: str, told: str
) -> None:
    source.holds(GOOD)
    source.make()
    source.holds(text)
    said = source.refused()
    assert said == (f"shop/sales/v1 was not made: a source breaks its contract\n  rows: {told}")
    assert source.shop.amounts() == {"2013-11-01": [3]}
    with source.shop.mesh.journal("shop") as journal:
        newest, _ = journal.attempts("shop/sales/v1")
        remembered = journal.last_columns("shop/sales/v1", "rows", "source:test/rows")
    assert newest.state is AttemptState.FAILED
    assert "MESH-C060" in (newest.error or "") or told in (newest.error or "")
    assert remembered is not None
    assert set(remembered) == set(COLUMNS), "what was refused is no good read"


def test_the_transform_of_a_refused_source_does_not_run(source: Source) -> None:
    (source.folder / "transform.py").write_text("def transform(rows, window):\n    1 / 0\n")
    source.holds("day,amount\n2013-11-02,3\n")
    assert "item is required and missing" in source.refused()


def test_rows_of_a_source_are_held_against_its_rules(source: Source) -> None:
    source.holds("day,item,amount,note\n2013-11-02,tea,-3,\n")
    assert "amount that is not at least 0" in source.refused()
    source.promise(
        {**COLUMNS, "day": {"logicalType": "date", "unique": True}},
        quality=[{"metric": "rowCount", "mustBeGreaterThan": 5, "severity": "warning"}],
    )
    source.holds(GOOD)
    (line,) = source.make()
    assert line == "source rows: 2 rows; the contract says more than 5"
    source.holds(f"{GOOD}2013-11-02,tea,1,\n")
    assert "1 row beyond the first of (day)" in source.refused()


def test_what_is_allowed_to_change_is_said_and_read(source: Source) -> None:
    source.promise(customProperties=[{"property": "additionalColumns", "value": True}])
    source.holds(GOOD)
    source.make()
    source.holds("day,item,amount,price\n2013-11-01,tea,3,1.5\n")
    assert source.make() == [
        "source rows: since it was last read, note is gone",
        "source rows: since it was last read, price is new, a double",
    ]
    assert source.make() == [], "what was read once is no news"


def test_a_column_without_a_value_is_of_any_type(source: Source) -> None:
    source.holds("day,item,amount,note\n2013-11-01,tea,,\n")
    assert source.make() == []


def test_a_typed_file_is_held_against_the_exact_types(shop: Any) -> None:
    source = Source(shop, "parquet")
    source.promise({"day": {"physicalType": "DATE"}, "amount": {"physicalType": "BIGINT"}})
    work = TRANSFORM.replace(".str.to_date()", "").replace('"item"', 'pl.lit("x").alias("item")')
    (source.folder / "transform.py").write_text(work)
    days = pl.Series(["2013-11-02"]).str.to_date()
    shop.feed(pl.DataFrame({"day": days, "amount": [3]}))
    source.make("2013-11-02")
    shop.feed(pl.DataFrame({"day": days, "amount": [3.5]}))
    assert "amount is double in the data, long in the contract" in source.refused()


def test_the_published_data_is_audited_together_with_the_sources(source: Source) -> None:
    source.holds(GOOD)
    source.make()
    mesh, loaded = source.shop.mesh, source.shop.load()
    assert all(result.holds for result in audit_sources(mesh, loaded))
    source.holds("day,item,amount\n2013-11-01,tea,3\n2013-11-01,tea,-1\n")
    found = {result.rule: result for result in audit_sources(mesh, loaded) if not result.holds}
    assert {rule: result.port for rule, result in found.items()} == {"amount_range": "rows"}
    (source.folder / "rows.csv").unlink()
    (result,) = audit_sources(mesh, loaded)
    assert result.message.startswith("the source rows could not be read: the source file")
    assert not result.blocks


def test_a_contract_of_no_source_and_one_of_another_version_are_findings(source: Source) -> None:
    file = source.folder / "source.odcs.yaml"
    text = file.read_text()
    file.write_text(text.replace("source:test/rows", "source:test/row"))
    (finding,) = check(source.shop.mesh)
    assert finding.code == "MESH-D022"
    assert "no input port has the contract 'source:test/row'" in finding.message
    file.write_text(text.replace("1.0.0", "1.1.0"))
    with pytest.raises(DescriptorError) as refusal:
        source.shop.load()
    assert [each.code for each in refusal.value.findings] == ["MESH-D023"]
    file.write_text(text.partition("schema:")[0])
    assert [each.code for each in check(source.shop.mesh)] == ["MESH-D009"]


def test_a_source_contract_is_kept_with_the_rest_of_a_folder(source: Source) -> None:
    from mesh_dagster.descriptors.product import load_products

    loaded = source.shop.load()
    for _ in range(2):
        (again,) = load_products([loaded.folder], loaded.domain)
        assert again.source_contracts == loaded.source_contracts
        assert set(again.source_contracts) == {"rows"}


def test_a_source_is_read_by_the_parser_of_mesh_contract_test(source: Source) -> None:
    source.promise({**COLUMNS, "note": {"logicalType": "boolean"}})
    source.holds("day,item,amount,note\n2013-11-01,tea, 3 ,yes\n2013-11-01,tea,3.0,\n")
    mesh, loaded = source.shop.mesh, source.shop.load()
    assert all(result.holds for result in audit_sources(mesh, loaded))
    source.holds("day,item,amount,note\n2013-11-1,tea,3,perhaps\n")
    said = source.refused()
    assert "a day that is not a date; the contract allows none: '2013-11-1'" in said
    assert "'perhaps'" in said


def test_a_text_of_a_confidential_column_is_not_repeated(source: Source) -> None:
    source.promise({**COLUMNS, "amount": {"logicalType": "integer", "classification": "secret"}})
    source.holds("day,item,amount,note\n2013-11-02,tea,three,\n")
    assert "three" not in source.refused()
