"""What a contract says of the origins of its columns."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_dagster.lineage.columns.declared import differences, with_declared
from mesh_dagster.lineage.columns.relation import InputTable, ordered, unknown
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.model.product import Status

SALES = Address.parse("shop/sales/v1")
TABLES = [
    InputTable("sales", ("day", "amount", "item"), SALES),
    InputTable("rates", ("day", "rate")),
]


def contract(**columns: dict[str, Any]) -> Contract:
    properties = tuple(Property(name, rest=rest) for name, rest in columns.items())
    return Contract("mesh://a/b/v1", "1.0.0", Status.ACTIVE, (SchemaObject("b", properties),))


def amount(use: Use) -> InputColumn:
    return InputColumn(SALES, "amount", use)


def test_named_columns_are_what_an_unknown_column_is_made_of() -> None:
    promised = contract(eur={"transformSourceObjects": ["sales.amount", "rates.rate"]}, other={})
    found = with_declared(unknown(["eur", "other"]), promised, TABLES)
    assert found.columns == {
        "eur": (
            InputColumn(None, "rate", Use.TRANSFORMATION, "rates"),
            amount(Use.TRANSFORMATION),
        ),
        "other": None,
    }
    assert (found.evidence, found.rows) == (Evidence.DECLARED, None)


@pytest.mark.parametrize(
    ("logic", "uses"),
    [
        ("sum(sales.amount)", [amount(Use.AGGREGATION)]),
        (
            "case when item = 'tea' then amount end",
            [amount(Use.TRANSFORMATION), InputColumn(SALES, "item", Use.CONDITIONAL)],
        ),
        ("select amount from sales", [amount(Use.IDENTITY)]),
    ],
)
def test_logic_in_sql_tells_exactly(logic: str, uses: list[InputColumn]) -> None:
    stated = {"transformSourceObjects": ["sales.amount"], "transformLogic": logic}
    found = with_declared(unknown(["eur"]), contract(eur=stated), TABLES)
    assert found.columns == {"eur": tuple(uses)}


@pytest.mark.parametrize(
    "stated",
    [
        {"transformSourceObjects": ["sales"]},
        {"transformSourceObjects": ["sales.gone"]},
        {"transformSourceObjects": ["nobody.amount"]},
        {"transformSourceObjects": "sales.amount"},
        {"transformSourceObjects": []},
        {"transformLogic": "the amounts, added up by hand"},
        {"transformLogic": 12},
        {},
    ],
)
def test_what_names_no_column_that_is_there_leaves_it_unknown(stated: dict[str, Any]) -> None:
    found = with_declared(unknown(["eur"]), contract(eur=stated), TABLES)
    assert found == unknown(["eur"])


def test_what_is_known_is_not_replaced_by_what_is_said() -> None:
    known = ColumnLineage({"eur": (amount(Use.IDENTITY),)}, (), Evidence.PLAN)
    said = contract(eur={"transformSourceObjects": ["rates.rate"]})
    assert with_declared(known, said, TABLES) is known
    ((statement, more),) = differences(known, said, TABLES)
    assert statement.column == "eur"
    assert [each.column for each in ordered(more)] == ["rate"]


def test_a_word_that_is_true_is_no_difference() -> None:
    rows = (InputColumn(None, "rate", Use.FILTER, "rates"),)
    known = ColumnLineage({"eur": (amount(Use.IDENTITY),)}, rows, Evidence.SQL)
    said = contract(eur={"transformSourceObjects": ["sales.amount", "rates.rate"]})
    assert list(differences(known, said, TABLES)) == []
