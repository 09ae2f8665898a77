"""Quality rules as they are read: what cannot be meant is told with its line."""

from __future__ import annotations

import pytest

from mesh_dagster.descriptors import odcs
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.contract import Quality

HEAD = """\
apiVersion: {version}
kind: DataContract
id: mesh://shop/sales/v1
version: 1.0.0
status: active
schema:
- name: sales
  properties:
  - {{name: id, logicalType: integer}}
  - {{name: amount, physicalName: amt, logicalType: number}}
  quality:
"""


def _read(rule: str, version: str = "v3.1.0") -> Quality:
    text = HEAD.format(version=version) + "".join(f"  {line}\n" for line in rule.splitlines())
    (quality,) = odcs.read(text, "c.yaml").schema[0].quality
    return quality


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            "- metric: invalidValues\n  mustBe: 0\n  arguments: {validValue: [1]}",
            "`validValue` is no argument of invalidValues; did you mean `validValues`?",
        ),
        (
            "- metric: invalidValues\n  mustBe: 0\n  arguments: {validValues: 1}",
            "`validValues` is 1, expected a list",
        ),
        (
            "- metric: invalidValues\n  mustBe: 0\n  arguments: {pattern: [a]}",
            "`pattern` is a list, expected a text",
        ),
        (
            "- metric: invalidValues\n  mustBe: 0\n  arguments: {pattern: '[a'}",
            "`pattern` is '[a'",
        ),
        (
            "- metric: duplicateValues\n  mustBe: 0\n  arguments: {properties: [id, amout]}",
            "`properties` names 'amout'; did you mean `amount`?",
        ),
        ("- metric: rowCounts\n  mustBe: 0", "did you mean `rowCount`?"),
        ("- type: sql\n  mustBe: 0", "`query` is missing in a rule of type sql"),
        ("- type: custom\n  engine: python", "`implementation` is missing in a rule of type"),
        ("- type: sql\n  query: select 1", "the rule has no operator"),
    ],
)
def test_what_cannot_be_meant_is_a_finding_with_its_line(rule: str, told: str) -> None:
    with pytest.raises(DescriptorError) as caught:
        _read(rule)
    (finding,) = caught.value.findings
    assert told in finding.message
    line = 12 + max(n for n, text in enumerate(rule.splitlines()) if n == 0 or "arguments" in text)
    assert finding.where == f"c.yaml:{line}"


@pytest.mark.parametrize(
    "rule",
    [
        "- metric: rowCount\n  mustBe: 0\n  arguments: {of_somebody_else: 1}",
        "- metric: rowCount\n  mustBe: 0\n  schedule: each night",
        "- metric: rowCount\n  mustBe: 0\n  schedule: whenever\n  scheduler: airflow",
        "- metric: unique\n  mustBe: 0\n  arguments: {properties: [id, amt]}",
        "- type: text\n  description: nice",
        "- type: sql\n  query: select 'x'\n  mustBe: x",
    ],
)
def test_what_others_may_understand_is_read(rule: str) -> None:
    assert _read(rule) is not None


@pytest.mark.parametrize("name", ["nullCheck", "duplicateCount", "anything"])
def test_the_rules_of_3_0_need_no_operator_and_are_called_anything(name: str) -> None:
    quality = _read(f"- rule: {name}\n  type: library", "v3.0.2")
    assert (quality.metric, quality.operator) == (name, None)


def test_what_is_said_besides_the_check_is_kept() -> None:
    quality = _read(
        "- metric: rowCount\n  mustBeGreaterThan: 0\n  severity: info\n  dimension: coverage\n"
        "  businessImpact: regulatory\n  method: sampling\n  schedule: 0 20 * * *\n"
        "  scheduler: cron\n  unit: rows"
    )
    assert quality.dimension == "coverage"
    assert quality.rest == {
        "businessImpact": "regulatory",
        "method": "sampling",
        "schedule": "0 20 * * *",
        "scheduler": "cron",
        "severity": "info",
    }
