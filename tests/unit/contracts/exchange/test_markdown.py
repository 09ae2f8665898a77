"""A contract as a page: nothing that it promises is left out."""

from __future__ import annotations

import re

import pytest

from mesh_dagster.contracts.exchange.formats import export_contract
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Schema
from mesh_dagster.descriptors import odcs

EVERYTHING = """
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
slaProperties:
- {property: freshness, value: 26, unit: h, element: orders.at}
- {property: retention, value: 30, unit: d, element: orders.at}
schema:
- name: orders
  properties:
  - {name: id, logicalType: integer, physicalType: bigint, primaryKey: true, primaryKeyPosition: 1}
  - {name: line, logicalType: integer, primaryKey: true, primaryKeyPosition: 2, required: true}
  - {name: at, logicalType: timestamp, physicalType: timestamptz}
  - name: email
    logicalType: string
    logicalTypeOptions: {pattern: "^a|b$", minLength: 2, maxLength: 9, format: email}
    quality:
    - {metric: nullValues, unit: percent, mustBeLessThan: 5}
    - {metric: missingValues, arguments: {missingValues: ["", "n/a"]}, mustBe: 0}
    - metric: invalidValues
      arguments: {validValues: [v1, v2, v3, v4, v5, v6, v7], pattern: "x+"}
      mustBeLessOrEqualTo: 3
      severity: warning
    - {metric: duplicateValues, mustBeLessThan: 4}
  - name: n
    logicalType: integer
    unique: true
    logicalTypeOptions: {minimum: 0, exclusiveMaximum: 9, multipleOf: 3}
  - name: tags
    logicalType: array
    logicalTypeOptions: {minItems: 1, maxItems: 4, uniqueItems: true}
    items: {logicalType: string, required: true, logicalTypeOptions: {maxLength: 4}}
  - {name: code, physicalName: code_, logicalType: string, required: true}
  - {name: customer, logicalType: integer, relationships: [{to: customers.id}]}
  quality:
  - {metric: rowCount, mustBeBetween: [10, 20], businessImpact: nobody gets a bill}
  - type: sql
    name: net
    query: |
      select count(*) -- ```
      from {object} where n < 0
    mustBeLessThan: 7
    schedule: "0 0 * * *"
  - {type: custom, engine: python, implementation: "checks.py::sane", mustBeLessOrEqualTo: 2}
  - {type: custom, engine: soda, implementation: "x: y"}
  - {type: text, description: looked at by ann}
- name: customers
  properties:
  - {name: id, logicalType: integer, enum: [{value: 1}, {value: 2}]}
  customProperties: [{property: additionalColumns, value: warning}]
"""


@pytest.fixture(scope="module")
def page() -> str:
    """Without the backslashes that make it Markdown."""
    return re.sub(r"\\(.)", r"\1", export_contract("markdown", odcs.read(EVERYTHING)).text)


def test_each_rule_of_a_contract_is_said(page: str) -> None:
    contract = odcs.read(EVERYTHING)
    for table in contract.schema:
        for rule in rules(contract, table.name, standalone=True):
            shown_as_mark = isinstance(rule, Schema) or "required" in rule.id
            told = rule.message[:1].upper() + rule.message[1:]
            assert shown_as_mark or told in page, rule.message


@pytest.mark.parametrize(
    "said",
    [
        "| `code` | string | required |",
        "| `tags[]` | string | required |",
        "Less than 5 % nulls in email",
        "missing is '', 'n/a' too",
        "v1, v2, v3, v4, v5, v6, v7",
        "each matches x+",
        "a warning only",
        "from {object} where n < 0",
        "the answer is less than 7",
        "when due: 0 0 * * *",
        "checks.py::sane(), at most 2 failing",
        "the engine 'soda' is not run here",
        "Looked at by ann",
        "otherwise: nobody gets a bill",
        "Columns that are not listed here may not be.",
        "Columns that are not listed here are told.",
        "One of 1, 2.",
        "Refers to customers (id).",
        "**retention**: 30 days",
    ],
)
def test_so_are_its_bounds_queries_values_and_marks(page: str, said: str) -> None:
    assert said in page


def test_a_query_cannot_end_the_block_that_it_stands_in(page: str) -> None:
    assert "````sql" in page
