"""Rules on what lies in columns, on texts beside values, and what is shown of what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.rules.compile import needed_elsewhere, rules
from mesh_dagster.contracts.rules.kinds import Unique
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import RuleResult, Verdict
from mesh_dagster.model.partition import Every, Partitioning

Open = Callable[[pl.DataFrame], Any]
Read = Callable[..., Contract]

ORDERS = """\
- name: id
  logicalType: integer
- name: customer
  logicalType: object
  classification: restricted
  properties:
  - {name: email, logicalType: string, required: true, logicalTypeOptions: {format: email}}
- name: items
  logicalType: array
  items:
    logicalType: object
    properties:
    - {name: sku, logicalType: string, required: true, unique: true}
"""
DATA = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "customer": [{"email": "a@b.co"}, {"email": "nobody"}, None],
        "items": [[{"sku": "A"}, {"sku": "A"}], [], [{"sku": None}]],
    },
    schema={
        "id": pl.Int64,
        "customer": pl.Struct({"email": pl.String}),
        "items": pl.List(pl.Struct({"sku": pl.String})),
    },
)


def by_rule(results: Iterable[RuleResult]) -> dict[str, RuleResult]:
    return {each.rule: each for each in results}


def test_a_result_counts_the_elements_of_its_level(contract_text: Read, opened: Open) -> None:
    found = by_rule(audit(rules(contract_text(ORDERS)), opened(DATA)))
    counts = {rule: (each.checked, each.failed) for rule, each in found.items()}
    assert counts == {
        "schema": (3, 0),
        "customer_email_required": (3, 0),
        "customer_email_format": (3, 1),
        "items_items_sku_required": (3, 1),
        "items_items_sku_unique": (3, 1),
    }
    told = found["items_items_sku_required"]
    assert told.column == "items[].sku"
    assert "1 of 3 items of items has no items[].sku" in told.message


def test_what_a_rule_finds_is_shown_with_its_element(contract_text: Read, opened: Open) -> None:
    for rule in rules(contract_text(ORDERS)):
        if rule.id == "items_items_sku_required":
            (row,) = failing_rows(rule, opened(DATA)).to_dicts()
            assert row["id"] == 3
            assert row["items[]"] == {"sku": None}
        if rule.id == "items_items_sku_unique":
            shown = failing_rows(rule, opened(DATA)).to_dicts()
            assert [(row["id"], row["items[].sku"]) for row in shown] == [(1, "A"), (1, "A")]


def test_classified_columns_are_masked_in_what_is_shown(contract_text: Read, opened: Open) -> None:
    contract = contract_text(ORDERS)
    hidden = contract.confidential_columns()
    assert hidden == {"customer"}
    (rule,) = (each for each in rules(contract) if each.kind == "format")
    (row,) = failing_rows(rule, opened(DATA), masked=hidden).to_dicts()
    assert row["customer"] == "***"
    assert row["id"] == 2


def test_a_result_says_what_its_column_is(contract_text: Read, opened: Open) -> None:
    contract = contract_text(
        "- {name: a, logicalType: integer, required: true, classification: restricted}\n"
        "- {name: b, logicalType: integer, required: true, deprecated: true}"
    )
    found = by_rule(audit(rules(contract), opened(pl.DataFrame({"a": [1], "b": [2]}))))
    assert found["a_required"].classification == "restricted"
    assert not found["a_required"].deprecated
    assert found["b_required"].deprecated


def test_an_element_of_a_classified_column_is_masked_too(contract_text: Read) -> None:
    contract = contract_text(
        "- {name: t, logicalType: array, classification: secret,"
        " items: {logicalType: string, required: true, unique: true}}"
    )
    data = pl.LazyFrame({"t": [["a", "a"]]})
    for rule in rules(contract):
        if isinstance(rule, Unique):
            shown = failing_rows(rule, data, masked=contract.confidential_columns()).to_dicts()
            assert shown == [{"t": "***", "t[]": "***"}] * 2


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("MAP {'email': 'x'}", "customer is a map in the data, not an object: declare it as a map"),
        ("'text'", "customer is string in the data, not an object"),
    ],
)
def test_a_place_of_another_kind_is_a_reason(contract_text: Read, sql: str, told: str) -> None:
    data = duckdb.connect().sql(f"SELECT 1::BIGINT AS id, {sql} AS customer, [] AS items")
    found = by_rule(audit(rules(contract_text(ORDERS)), data))
    result = found["customer_email_required"]
    assert result.verdict is Verdict.ERROR
    assert told in result.message
    assert found["schema"].verdict is Verdict.FAILED


def test_an_absent_optional_column_has_nothing_in_it(contract_text: Read, opened: Open) -> None:
    found = by_rule(audit(rules(contract_text(ORDERS)), opened(DATA.select("id"))))
    assert {each.verdict for each in found.values()} == {Verdict.PASSED}


def test_a_required_field_that_the_data_has_not_is_told_twice(
    contract_text: Read, opened: Open
) -> None:
    with_name = pl.struct(name=pl.lit("x"))
    data = DATA.with_columns(pl.when(pl.col("id") < 3).then(with_name).alias("customer"))
    found = by_rule(audit(rules(contract_text(ORDERS)), opened(data)))
    assert ("customer.email", "is required and missing") in found["schema"].columns
    assert "2 of 3 rows have no customer.email" in found["customer_email_required"].message
    assert "customer.email is missing" in found["customer_email_format"].message
    elsewhere = DATA.with_columns(items=pl.Series([[{"n": 1}, {"n": 2}], [], None]))
    found = by_rule(audit(rules(contract_text(ORDERS)), opened(elsewhere)))
    assert found["items_items_sku_required"].failed == 2
    assert found["items_items_sku_unique"].verdict is Verdict.ERROR


def test_elements_fall_into_the_partitions_of_their_rows(contract_text: Read, opened: Open) -> None:
    contract = contract_text(ORDERS + "- {name: day, logicalType: date}\n")
    days = Partitioning(Every.DAY, "day", datetime(2013, 1, 1))  # noqa: DTZ001
    data = DATA.with_columns(day=pl.Series([date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 2)]))
    checked = rules(contract, partition_column="day")
    assert needed_elsewhere(checked) == {"items"}
    published = pl.LazyFrame({"items": [[{"sku": "A"}]]})
    found = {
        (each.rule, each.partition): (each.checked, each.failed)
        for each in audit(checked, opened(data), partitioning=days, published=published)
    }
    assert found["items_items_sku_required", "2013-01-01"] == (2, 0)
    assert found["items_items_sku_required", "2013-01-02"] == (1, 1)
    assert found["items_items_sku_unique", "2013-01-01"] == (2, 2)


def test_a_text_beside_a_null_does_not_parse(contract_text: Read, opened: Open) -> None:
    contract = contract_text(
        "- {name: amount, logicalType: integer, required: true,"
        " quality: [{metric: missingValues, arguments: {missingValues: ['']}, mustBe: 0}]}"
    )
    data = pl.DataFrame({"amount": [1, None, None], "__raw_amount": ["1", "many", None]})
    raw = {"amount": "__raw_amount"}
    checked = rules(contract, texts=True)
    found = by_rule(audit(checked, opened(data), raw=raw))
    assert found["schema"].verdict is Verdict.PASSED
    assert found["amount_type"].kind == "type"
    assert {rule: each.failed for rule, each in found.items() if rule != "schema"} == {
        "amount_type": 1,
        "amount_required": 1,
        "amount_missing_values": 1,
    }
    (rule,) = (each for each in checked if each.kind == "type")
    assert failing_rows(rule, opened(data), raw=raw).to_dicts() == [{"amount": "many"}]


def test_what_lies_in_json_is_looked_into(contract_text: Read) -> None:
    contract = contract_text(
        "- name: payload\n  logicalType: object\n  physicalType: JSON\n  properties:\n"
        "  - {name: code, logicalType: integer, required: true, logicalTypeOptions: {minimum: 1}}\n"
        "  - {name: tags, logicalType: array, items: {logicalType: string, required: true}}\n"
    )
    texts = ['{"code": 0, "tags": ["a", null]}', '{"code": "x"}', '{"code": 7, "tags": []}']
    rows = ", ".join(f"('{text}'::JSON)" for text in texts)
    data = duckdb.connect().sql(f"SELECT * FROM (VALUES {rows}) AS t(payload)")
    checked = rules(contract, standalone=True)
    found = by_rule(audit(checked, data))
    assert {rule: (each.checked, each.failed) for rule, each in found.items()} == {
        "schema": (1, 0),
        "payload_code_required": (3, 1),
        "payload_code_range": (3, 1),
        "payload_tags_items_required": (2, 1),
    }
    (rule,) = (each for each in checked if each.id == "payload_code_range")
    (row,) = failing_rows(rule, data, schema=checked[0]).to_dicts()  # type: ignore[arg-type]
    assert row["payload"]["code"] == 0


TWO = """\
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
- name: orders
  physicalName: tbl_orders
  properties:
  - {name: order_id, physicalName: oid, logicalType: integer, primaryKey: true}
  - {name: country, logicalType: string}
- name: lines
  properties:
  - {name: line_id, logicalType: integer, primaryKey: true, primaryKeyPosition: 2}
  - name: order_id
    physicalName: ord
    logicalType: integer
    primaryKey: true
    primaryKeyPosition: 1
    relationships:
    - to: %s
"""


@pytest.mark.parametrize(
    "to", ["orders.order_id", "schema/orders/properties/order_id", "tbl_orders.oid"]
)
def test_a_key_into_another_object_of_the_contract(
    read_contract: Callable[[str], Contract], opened: Open, to: str
) -> None:
    contract = read_contract(TWO % to)
    checked = rules(contract, "lines", standalone=True)
    (rule,) = (each for each in checked if each.kind == "reference")
    assert rule.id == "ord_in_orders"
    (key,) = (each for each in checked if isinstance(each, Unique))
    assert key.columns == ("ord", "line_id")
    orders = pl.LazyFrame({"oid": [1, 2], "country": ["a", "b"]})
    lines = opened(pl.DataFrame({"line_id": [1, 2, 3], "ord": [1, 9, 2]}))
    found = by_rule(audit(checked, lines, references={rule.id: orders}))
    assert found[rule.id].failed == 1
    assert "not in orders (oid)" in found[rule.id].message
    without = by_rule(audit(checked, lines))[rule.id]
    assert without.verdict is Verdict.ERROR
    assert "nothing of orders was handed over" in without.message


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("order.order_id", "the contract has no object order; there are: orders, lines"),
        ("orders.id", "orders has no property id"),
    ],
)
def test_a_key_into_what_the_contract_has_not_is_a_warning(
    read_contract: Callable[[str], Contract], opened: Open, to: str, why: str
) -> None:
    checked = rules(read_contract(TWO % to), "lines", standalone=True)
    lines = opened(pl.DataFrame({"line_id": [1], "ord": [1]}))
    (result,) = (each for each in audit(checked, lines) if each.kind == "unsupported")
    assert result.verdict is Verdict.WARNED
    assert why in result.message


def test_an_object_that_the_contract_has_not_is_no_table(
    read_contract: Callable[[str], Contract],
) -> None:
    contract = read_contract(TWO % "orders.order_id")
    assert rules(contract, "tbl_orders") == rules(contract)
    with pytest.raises(LookupError, match="payments"):
        rules(contract, "payments")


def test_a_key_from_inside_a_column(contract_text: Read, opened: Open) -> None:
    contract = contract_text(
        "- {name: id, logicalType: integer}\n"
        "- name: items\n  logicalType: array\n  items:\n    logicalType: object\n"
        "    properties:\n    - name: parent\n      logicalType: integer\n"
        "      relationships: [{to: t.id}]\n"
    )
    data = opened(
        pl.DataFrame({"id": [1, 2], "items": [[{"parent": 1}, {"parent": 9}], [{"parent": None}]]})
    )
    checked = rules(contract)
    (rule,) = (each for each in checked if each.kind == "reference")
    found = by_rule(audit(checked, data))[rule.id]
    assert (found.checked, found.failed) == (3, 1)
    assert failing_rows(rule, data).to_dicts()[0]["items[].parent"] == 9


def test_a_column_with_a_dot_in_its_name_is_one_column(contract_text: Read, opened: Open) -> None:
    contract = contract_text("- {name: a.b, logicalType: integer, unique: true}")
    data = opened(pl.DataFrame({"a.b": [1, 1, 2]}))
    (_, rule) = rules(contract)
    assert by_rule(audit(rules(contract), data))[rule.id].failed == 1
    assert failing_rows(rule, data).height == 2


def test_a_moment_without_a_zone_is_of_the_contracts_own(contract_text: Read, opened: Open) -> None:
    contract = contract_text(
        "- {name: at, logicalType: timestamp, logicalTypeOptions:"
        " {minimum: '2024-07-01T00:00:00', defaultTimezone: Europe/Berlin}}"
    )
    moments = pl.Series("at", [datetime(2024, 6, 30, 21, 59), datetime(2024, 6, 30, 22)])  # noqa: DTZ001
    zoned = pl.DataFrame([moments.dt.replace_time_zone("UTC")])
    found = by_rule(audit(rules(contract, standalone=True), opened(zoned)))
    assert found["at_range"].failed == 1
    local = pl.DataFrame([moments])
    found = by_rule(audit(rules(contract, standalone=True), opened(local)))
    assert found["at_range"].failed == 2
    assert found["schema"].verdict is Verdict.PASSED


def test_a_rule_that_cannot_be_looked_at_is_not_shown(contract_text: Read) -> None:
    rule = next(
        each for each in rules(contract_text(ORDERS)) if each.id == "items_items_sku_unique"
    )
    with pytest.raises(EvaluationError, match="items is string in the data, not an array"):
        failing_rows(rule, pl.LazyFrame({"items": ["a"]}))


@pytest.mark.parametrize(
    ("dtype", "values", "of", "broken"),
    [
        (pl.Float64, [0.1, 0.3, 0.7, 1e6 + 0.1, 0.15], 0.1, 1),
        (pl.Float64, [float("nan"), float("inf"), -0.2], 0.1, 2),
        (pl.Float64, [1e9 + 0.5, 3.0], 1, 1),
        (pl.Decimal(38, 2), ["0.05", "0.10", "12345678901234567890.15", "0.11"], 0.05, 1),
        (pl.Decimal(10, 2), ["0.33"], 0.001, 0),
        (pl.Int64, [-4, 0, 2, 3], 2, 1),
        (pl.Int64, [3, 4], 1.5, 1),
        (pl.UInt8, [10, 15], 10, 1),
    ],
)
def test_multiples_are_those_of_the_written_numbers(
    contract_text: Read, opened: Open, dtype: Any, values: list[Any], of: float, broken: int
) -> None:
    contract = contract_text(
        f"- {{name: n, logicalType: number, logicalTypeOptions: {{multipleOf: {of}}}}}"
    )
    series = pl.Series("n", values)
    frame = pl.DataFrame([series.cast(dtype) if series.dtype != dtype else series])
    found = by_rule(audit(rules(contract, standalone=True), opened(frame)))
    assert found["n_multiple"].failed == broken, found["n_multiple"].message
