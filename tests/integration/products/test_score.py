"""The score of real products: their files, what was made of them, and what everybody is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from mesh_dagster.clock import frozen
from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.event import EventKind
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.scoring.score import Scored, score_of, scores_of
from mesh_dagster.products.telling.describe import Telling, tell, tell_domain

NOON = datetime(2013, 11, 1, 12, tzinfo=UTC)
NOW, LATER = NOON + timedelta(hours=18), NOON + timedelta(days=8)
LEVELS = [
    {"property": "freshness", "value": 40, "unit": "h"},
    {"property": "frequency", "value": 1, "unit": "d"},
    {"property": "retention", "value": 1, "unit": "y"},
]
COLUMNS = {
    "at": {"physicalType": "TIMESTAMPTZ", "required": True},
    "item": {"physicalType": "VARCHAR", "entity": "item"},
    "amount": {"physicalType": "BIGINT", "logicalTypeOptions": {"minimum": 0}},
}
DESCRIPTOR, CONTRACT = "product.odps.yaml", "contract.odcs.yaml"
Edit = Callable[[dict[str, Any]], object]


def change(folder: Path, name: str, how: Edit) -> None:
    stated = yaml.safe_load((folder / name).read_text())
    how(stated)
    (folder / name).write_text(yaml.safe_dump(stated, sort_keys=False))


def table(contract: dict[str, Any]) -> dict[str, Any]:
    return contract["schema"][0]


def properties(contract: dict[str, Any]) -> list[dict[str, Any]]:
    return table(contract)["properties"]


def _complete_descriptor(stated: dict[str, Any]) -> None:
    stated["description"] = {"purpose": "What was sold", "limitations": "None", "usage": "By item"}
    stated["team"] = {
        "name": "Sales",
        "members": [{"username": "ann@shop.example", "role": "owner"}],
    }
    stated["tags"] = ["money"]
    stated["support"] = [{"channel": "sales", "url": "mailto:sales@shop.example"}]
    stated["customProperties"].append({"property": "useCases", "value": ["Plan the stock"]})


def _complete_contract(stated: dict[str, Any]) -> None:
    table(stated)["description"] = "One row a sale"
    table(stated)["quality"] = [{"metric": "rowCount", "mustBeGreaterThan": 0}]
    table(stated)["customProperties"] = [{"property": "eventTime", "value": "at"}]
    for each in properties(stated):
        each["description"] = f"The {each['name']}"
        each["classification"] = "public"
        if entity := each.pop("entity", None):
            each["customProperties"] = [{"property": "entity", "value": entity}]


@pytest.fixture
def sales(shop: Any, world: ModuleType) -> Any:
    """A product that has all that is asked for, made and told."""
    import polars as pl

    rows = pl.DataFrame(
        {"at": [NOON], "item": ["tea"], "amount": [3]},
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )
    with frozen(NOW):
        folder = shop.product("shop/sales/v1", COLUMNS, rows, key=["item"], levels=LEVELS)
        change(folder, DESCRIPTOR, _complete_descriptor)
        change(folder, CONTRACT, _complete_contract)
        (folder / "queries").mkdir()
        (folder / "queries" / "all.sql").write_text("-- All\nselect item from shop.sales\n")
        shop.make()
        told(shop)
    return shop


def told(shop: Any) -> None:
    mesh = shop.mesh
    tell_domain(mesh, mesh.domains[0], list(mesh.readable("shop")))


def scored(shop: Any, at: datetime = NOW) -> Scored:
    with frozen(at):
        return score_of(shop.mesh, Address.parse("shop/sales"))


def lowered(shop: Any, at: datetime = NOW) -> set[str]:
    dimensions = scored(shop, at).score.told.dimensions
    return {name for name, value in dimensions.items() if value < 100}


def _no(*keys: str) -> Edit:
    return lambda stated: [stated.pop(key, None) for key in keys]


def _columns_without(*keys: str) -> Edit:
    return lambda stated: [each.pop(key, None) for each in properties(stated) for key in keys]


def _levels_without(*names: str) -> Edit:
    def edit(stated: dict[str, Any]) -> None:
        kept = [each for each in stated["slaProperties"] if each["property"] not in names]
        stated["slaProperties"] = kept

    return edit


DEFECTS: dict[str, tuple[str, str, Edit]] = {
    "no purpose": ("discoverable", DESCRIPTOR, lambda s: s["description"].pop("purpose")),
    "no owner": ("discoverable", DESCRIPTOR, lambda s: s["team"].pop("members")),
    "no tags": ("discoverable", DESCRIPTOR, _no("tags")),
    "nobody to ask": ("discoverable", DESCRIPTOR, _no("support")),
    "a draft": ("addressable", DESCRIPTOR, lambda s: s.update(status="draft")),
    "a draft of a contract": ("addressable", CONTRACT, lambda s: s.update(status="draft")),
    "an end without a date": ("addressable", CONTRACT, lambda s: s.update(status="deprecated")),
    "no promise of when": ("trustworthy", CONTRACT, _levels_without("freshness", "frequency")),
    "no event time": ("trustworthy", CONTRACT, lambda s: table(s).pop("customProperties")),
    "no description of columns": ("self-describing", CONTRACT, _columns_without("description")),
    "no description of the table": (
        "self-describing",
        CONTRACT,
        lambda s: table(s).pop("description"),
    ),
    "no limitations": (
        "self-describing",
        DESCRIPTOR,
        lambda s: s["description"].pop("limitations"),
    ),
    "no usage": ("self-describing", DESCRIPTOR, lambda s: s["description"].pop("usage")),
    "no use case": ("self-describing", DESCRIPTOR, lambda s: s["customProperties"].pop()),
    "no key": ("interoperable", CONTRACT, _columns_without("primaryKey", "primaryKeyPosition")),
    "no entity": ("interoperable", CONTRACT, _columns_without("customProperties")),
    "no class": ("secure", CONTRACT, _columns_without("classification")),
    "no end of keeping": ("secure", CONTRACT, _levels_without("retention")),
}


def test_a_product_that_lacks_nothing_scores_all(sales: Any) -> None:
    found = scored(sales).score
    assert lowered(sales) == set()
    assert found.overall == 100
    (entry,) = json.loads(sales.mesh.documents.read("shop/discovery.json"))["products"]
    assert entry["score"]["overall"] == 100
    assert entry["score"]["rules"] == found.rules


def test_each_defect_of_the_files_lowers_its_own_dimension_and_no_other(sales: Any) -> None:
    folder = sales.load().folder
    whole = {name: (folder / name).read_text() for name in (DESCRIPTOR, CONTRACT)}
    for name, (dimension, file, edit) in DEFECTS.items():
        change(folder, file, edit)
        assert lowered(sales) == {dimension}, name
        (folder / file).write_text(whole[file])


def test_what_happens_lowers_its_own_dimension(sales: Any) -> None:
    assert lowered(sales, LATER) == {"trustworthy"}, "nothing was published since"
    folder = sales.load().folder
    (folder / "queries" / "all.sql").unlink()
    assert lowered(sales) == {"self-describing"}
    (folder / "queries" / "all.sql").write_text("select nothing from shop.sales")
    with frozen(NOW):
        told(sales)
    assert lowered(sales) == {"self-describing"}


def test_data_in_quarantine_lowers_trust_and_says_where(sales: Any) -> None:
    import polars as pl

    file = sales.load().folder / "rows.parquet"
    bad = pl.read_parquet(file).with_columns(amount=pl.lit(-1, pl.Int64))
    sales.feed(bad)
    with frozen(NOW):
        sales.make()
    assert lowered(sales) == {"trustworthy"}
    trust = scored(sales).score.dimension("trustworthy")
    assert trust is not None
    fixes = {each.name: each.fix for each in trust.points if each.share < 1}
    assert fixes["settled"] == fixes["audited"] == "mesh review --product shop/sales/v1"
    audited = next(each for each in trust.points if each.name == "audited")
    assert "amount" in audited.evidence
    assert audited.where is not None
    assert CONTRACT in audited.where


def test_what_leads_nowhere_lowers_what_joins(sales: Any) -> None:
    def refer(stated: dict[str, Any]) -> None:
        to = "stock/items/v1.yaml#schema/items/properties/item"
        properties(stated)[1]["relationships"] = [{"to": to}]

    change(sales.load().folder, CONTRACT, refer)
    assert lowered(sales) == {"interoperable"}


def test_a_confidential_column_that_was_told_before_it_was_one_fails_the_whole(
    sales: Any,
) -> None:
    def classify(stated: dict[str, Any]) -> None:
        properties(stated)[1]["classification"] = "restricted"

    change(sales.load().folder, CONTRACT, classify)
    found = scored(sales).score
    assert lowered(sales) == {"secure"}
    assert found.overall == 50
    point = next(each for each in found.dimensions[-1].points if each.name == "hidden")
    assert point.fix == "mesh registry write shop"
    with frozen(NOW):
        told(sales)
    assert b'"tea"' not in sales.mesh.documents.read("shop/discovery.json")
    hidden = [each.share for each in scored(sales).score.dimensions[-1].points]
    assert hidden[-2:] == [1, 1]


def test_how_many_rows_there_are_is_nothing_that_counts(sales: Any) -> None:
    import polars as pl

    before = scored(sales).score.told
    row = pl.read_parquet(sales.load().folder / "rows.parquet")
    items = pl.DataFrame({"item": [f"tea {n}" for n in range(500)]})
    sales.feed(items.join(row.drop("item"), how="cross").select("at", "item", "amount"))
    with frozen(NOW):
        sales.make()
        told(sales)
    assert scored(sales).score.told == before


def test_who_has_no_files_scores_by_the_document(sales: Any, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere"
    root.mkdir()
    storage = sales.mesh.config.storage
    (root / "mesh.yaml").write_text(f"schemaVersion: 1\nname: small\nstorage: {storage}\n")
    with frozen(NOW):
        mesh = Mesh.open(root)
        (found,) = scores_of(mesh, "shop")
        assert found.score.told == scored(sales).score.told
        assert score_of(mesh, Address.parse("shop/sales")) == found
        with pytest.raises(UnknownAddress):
            scores_of(mesh, "nobody")


def test_a_score_is_kept_and_its_fall_is_told_once(sales: Any) -> None:
    folder = sales.load().folder
    change(folder, CONTRACT, _columns_without("classification"))
    with frozen(NOW):
        assert tell(sales.mesh, sales.load())
        assert not tell(sales.mesh, sales.load())
        with sales.mesh.journal("shop") as journal:
            history = [each.score.overall for each in journal.scores.history("shop/sales/v1")]
            alerts = [each.event for each in journal.outbox.alerts(20)]
    assert history[:2] == [50, 100]
    (fell,) = [each for each in alerts if each.kind is EventKind.SCORE_FELL]
    assert "fell from 100 to 50" in fell.summary
    assert "secure 100 to" in fell.summary
    assert scored(sales).change == 50 - history[-1]


def test_a_process_that_goes_on_telling_knows_which_scores_are_news(sales: Any) -> None:
    mesh = sales.mesh
    products = list(mesh.readable("shop"))
    with frozen(NOW):
        telling = Telling(mesh, mesh.domains[0], products)
        telling.refresh((), seconds=10)
        first = dict(telling.scores)
        telling.refresh((), seconds=10)
    assert set(first) == {"shop/sales/v1"}, "no objective was handed in, so none is kept"
    assert telling.scores == {}


def test_a_domain_is_scored_in_as_many_statements_as_one_product(shop: Any) -> None:
    counts = []
    for number in range(4):
        path = f"shop/p{number}/v1"
        shop.product(path, {"a": "BIGINT"}, {"a": [1]}, levels=LEVELS[1:])
        shop.make(address=path)
        if number in (0, 3):
            counts.append(_statements(lambda: scores_of(shop.mesh, "shop")))
    assert counts[0] == counts[1]


def _statements(work: Callable[[], object]) -> int:
    found: list[str] = []

    def count(connection: object, cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        work()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)
    assert found
    return len(found)
