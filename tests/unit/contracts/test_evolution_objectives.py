"""A promise that is to be kept less often hurts who built on it."""

from __future__ import annotations

import pytest

from mesh_dagster.contracts.evolution.change import What
from mesh_dagster.contracts.evolution.diff import diff
from mesh_dagster.descriptors import odcs

_CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: mesh://d/p/v1
version: 1.0.0
status: active
schema:
  - name: p
    properties:
      - {{name: at, logicalType: timestamp}}
slaProperties:
  - {{property: freshness, value: 26, unit: h}}
customProperties:
  - property: objectives
    value: [{item}]
"""


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("{of: freshness, target: 99.9}", "{of: freshness, target: 95}", What.PROMISE_LOOSENED),
        ("{of: freshness, target: 95}", "{of: freshness, target: 99.9}", What.PROMISE_TIGHTENED),
        ("{of: freshness, target: 95}", "", What.PROMISE_TIGHTENED),
        ("", "{of: freshness, target: 95}", What.PROMISE_LOOSENED),
        ("", "{of: freshness, window: 7 d}", What.RESPELLED),
        ("{of: freshness, window: 7 d}", "{of: freshness, window: 30 d}", What.PROMISE_CHANGED),
        ("{of: freshness, window: 7 d}", "{of: freshness, window: 1 w}", What.RESPELLED),
    ],
)
def test_a_changed_objective_is_graded_by_what_it_asks(before: str, after: str, what: What) -> None:
    old, new = (odcs.read(_CONTRACT.format(item=item)) for item in (before, after))
    (change,) = [each for each in diff(old, new).changes if each.path == "objectives.freshness"]
    assert change.what is what


def test_the_same_objective_is_no_change() -> None:
    contract = odcs.read(_CONTRACT.format(item="{of: freshness, target: 95}"))
    assert not diff(contract, contract).changes
