"""Queries, Python and texts of a contract at the publish gate, on real Iceberg."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.clock import frozen
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.snapshot import Outcome

DAY, NEXT, THIRD = "2013-11-01", "2013-11-02", "2013-11-03"
NOON = datetime(2013, 11, 8, 12, 0, tzinfo=UTC)
CHECKS = """
import pandera.polars as pa
import polars as pl

def too_much(rows: pl.LazyFrame, column: str, most: int = 100):
    return rows.filter(pl.col(column) > most)

class Schema(pa.DataFrameModel):
    amount: int = pa.Field(lt=100)

    @pa.dataframe_check
    def is_tea(cls, data):
        return data.lazyframe.select(pl.col("item") == "tea")
"""
SQL = {
    "name": "nothing_negative",
    "type": "sql",
    "query": "SELECT COUNT(*) FROM ${table} WHERE amount < 0",
    "mustBe": 0,
    "businessImpact": "operational",
    "method": "reconciliation",
}


def _said(attempt: Any, rule: str) -> dict[str | None, Any]:
    return {
        each.partition: result
        for each in attempt.decisions
        for result in each.results
        if result.rule == rule
    }


def test_a_query_decides_about_each_partition_by_the_rows_of_that_partition(
    anywhere: Any, world: ModuleType
) -> None:
    columns = {**world.COLUMNS, "amount": "BIGINT"}
    rows = world.sold({DAY: [1, 2], NEXT: [-1, -2, 3]})
    anywhere.product(columns=columns, partitions=world.DAILY, rows=rows, quality=[SQL])
    attempt = anywhere.make(DAY, NEXT, THIRD)
    assert world.outcomes(attempt) == {
        DAY: Outcome.PUBLISHED,
        NEXT: Outcome.QUARANTINED,
        THIRD: Outcome.PUBLISHED,
    }
    said = _said(attempt, "nothing_negative")
    assert {key: (each.verdict, each.checked, each.failed) for key, each in said.items()} == {
        DAY: (Verdict.PASSED, 2, 0),
        NEXT: (Verdict.FAILED, 3, 2),
        THIRD: (Verdict.PASSED, 0, 0),
    }
    assert said[NEXT].kind == "sql"
    with anywhere.mesh.journal("shop") as journal:
        kept = {each.rule: each for each in journal.last_results("shop/sales/v1", NEXT)}
    assert kept["nothing_negative"].business_impact == "operational"
    assert kept["nothing_negative"].method == "reconciliation"


def test_python_beside_the_contract_runs_at_the_gate_on_what_was_staged(
    shop: Any, world: ModuleType
) -> None:
    quality = [
        {"type": "custom", "engine": "pandera", "implementation": "checks.py::Schema", "name": "p"},
        {"type": "text", "description": "Refunds come within a week.", "name": "refunds"},
    ]
    amount = {
        "physicalType": "BIGINT",
        "quality": [
            {
                "name": "modest",
                "type": "custom",
                "engine": "python",
                "implementation": {"function": "too_much", "arguments": {"most": 50}},
            }
        ],
    }
    rows = world.sold({DAY: [1, 2], NEXT: [60, 70, 120]})
    columns = {**world.COLUMNS, "amount": amount}
    folder = shop.product(columns=columns, partitions=world.DAILY, rows=rows, quality=quality)
    (folder / "checks.py").write_text(CHECKS)
    attempt = shop.make(DAY, NEXT)
    assert world.outcomes(attempt) == {DAY: Outcome.PUBLISHED, NEXT: Outcome.QUARANTINED}
    modest, pandera = _said(attempt, "modest"), _said(attempt, "p")
    assert {key: each.failed for key, each in modest.items()} == {DAY: 0, NEXT: 3}
    assert modest[NEXT].column == "amount"
    assert (pandera[DAY].verdict, pandera[NEXT].failed) == (Verdict.PASSED, 1)
    assert "less_than(100): 1" in pandera[NEXT].message
    text = _said(attempt, "refunds")[DAY]
    assert (text.verdict, text.failed) == (Verdict.UNVERIFIED, None)
    assert "Refunds come within a week.: unverified" in text.message


def test_a_check_that_raises_is_an_error_of_its_own_and_closes_the_gate(
    shop: Any, world: ModuleType
) -> None:
    broken = {"type": "custom", "engine": "python", "implementation": "checks.py::f", "name": "f"}
    folder = shop.product(rows=world.sold({DAY: [1]}), quality=[broken, SQL])
    (folder / "checks.py").write_text("def f(rows):\n    raise LookupError('no luck')\n")
    attempt = shop.make(DAY)
    assert world.outcomes(attempt) == {DAY: Outcome.QUARANTINED}
    assert _said(attempt, "f")[DAY].verdict is Verdict.ERROR
    assert "checks.py::f raised LookupError: no luck" in _said(attempt, "f")[DAY].message
    assert _said(attempt, "nothing_negative")[DAY].verdict is Verdict.PASSED


def test_a_rule_with_a_schedule_is_evaluated_when_it_is_due_and_carried_on_till_then(
    shop: Any, world: ModuleType
) -> None:
    dear = {**SQL, "schedule": "0 20 * * *", "scheduler": "cron"}
    columns = {**world.COLUMNS, "amount": "BIGINT"}
    shop.product(
        columns=columns,
        partitions=world.DAILY,
        rows=world.sold({DAY: [1], NEXT: [-1], THIRD: [-5]}),
        quality=[dear],
    )
    with frozen(NOON):
        first = _said(shop.make(DAY), "nothing_negative")[DAY]
    assert (first.verdict, first.evaluated_at) == (Verdict.PASSED, NOON)
    with frozen(NOON + timedelta(hours=1)):
        carried = shop.make(NEXT)
    again = _said(carried, "nothing_negative")[NEXT]
    assert world.outcomes(carried) == {NEXT: Outcome.PUBLISHED}
    assert (again.verdict, again.evaluated_at, again.partition) == (Verdict.PASSED, NOON, NEXT)
    assert again.message.startswith("not due since 2013-11-08 12:00 UTC, when it was: ")
    with frozen(NOON + timedelta(hours=9)):
        due = shop.make(THIRD)
    assert world.outcomes(due) == {THIRD: Outcome.QUARANTINED}
    assert _said(due, "nothing_negative")[THIRD].evaluated_at == NOON + timedelta(hours=9)
    # What failed is not carried on: the owner has corrected the data since.
    shop.feed(world.sold({THIRD: [5]}))
    with frozen(NOON + timedelta(hours=9, minutes=5)):
        corrected = shop.make(THIRD)
    assert world.outcomes(corrected) == {THIRD: Outcome.PUBLISHED}
    assert not _said(corrected, "nothing_negative")[THIRD].message.startswith("not due")


@pytest.mark.parametrize("changed", ["amount < 5", "amount < -100"])
def test_a_changed_rule_has_no_last_result(shop: Any, world: ModuleType, changed: str) -> None:
    dear = {**SQL, "schedule": "@weekly"}
    shop.product(rows=world.sold({DAY: [1]}), quality=[dear])
    with frozen(NOON):
        shop.make(DAY)
    file = shop.load().folder / "contract.odcs.yaml"
    told = "{promise: 'sales.quality[nothing_negative]', of: 1.0.0, reason: a slip}"
    corrected = f"customProperties:\n- property: corrections\n  value: [{told}]\n"
    file.write_text(file.read_text().replace("amount < 0", changed) + corrected)
    with frozen(NOON + timedelta(minutes=1)):
        said = _said(shop.make(DAY), "nothing_negative")[DAY]
    assert said.evaluated_at == NOON + timedelta(minutes=1)
    assert said.verdict is (Verdict.FAILED if changed == "amount < 5" else Verdict.PASSED)


def test_a_carried_result_stays_the_one_that_it_was(shop: Any, world: ModuleType) -> None:
    dear = {**SQL, "schedule": "@weekly"}
    shop.product(rows=world.sold({DAY: [1], NEXT: [1], THIRD: [1]}), quality=[dear])
    messages = []
    for hour, key in enumerate((DAY, NEXT, THIRD)):
        with frozen(NOON + timedelta(hours=hour)):
            said = _said(shop.make(key), "nothing_negative")[key]
        assert said.evaluated_at == NOON
        messages.append(said.message)
    assert messages[1] == messages[2]
