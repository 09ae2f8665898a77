"""At the gate: shape against what was published before, freshness and retention as warnings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.products.auditing.audit import audit_published

FIRST = date(2013, 11, 1)
DAILY = {"every": "day", "column": "day", "start": "2013-11-01"}
COLUMNS: dict[str, Any] = {
    "day": {"physicalType": "DATE", "required": True},
    "at": "TIMESTAMPTZ",
    "amount": "BIGINT",
}


def drift(metric: str, **more: Any) -> dict[str, Any]:
    stated = {"metric": metric, "against": 2}
    if metric != "rowCount":
        stated["column"] = "amount"
    return {"type": "custom", "engine": "mesh", "implementation": stated, **more}


def days(amounts: dict[int, list[int]]) -> pl.DataFrame:
    rows = [
        (FIRST + timedelta(days=day), datetime(2013, 11, 1 + day, 6, tzinfo=UTC), amount)
        for day, some in amounts.items()
        for amount in some
    ]
    schema = {"day": pl.Date, "at": pl.Datetime("us", "UTC"), "amount": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def key(day: int) -> str:
    return str(FIRST + timedelta(days=day))


def said(attempt: Any, rule: str) -> dict[str | None, tuple[Verdict, str]]:
    return {
        each.partition: (result.verdict, result.message)
        for each in attempt.decisions
        for result in each.results
        if result.rule == rule
    }


def test_a_partition_is_held_against_the_published_ones_before_it(shop: Any) -> None:
    rules = [drift("rowCount", mustBeBetween=[0.5, 2]), drift("mean", mustBeLessThan=0.5)]
    amounts = {0: [10, 10], 1: [10, 14], 2: [12, 12, 12], 3: [40, 40], 4: [11] * 9}
    shop.product(columns=COLUMNS, rows=days(amounts), partitions=DAILY, quality=rules)
    first = shop.make(key(0), key(1))
    for told in said(first, "row_count_drift").values():
        assert told[0] is Verdict.PASSED
        assert told[1].endswith("nothing to compare with yet")
    third = shop.make(key(2), key(3))
    assert {each.partition: each.outcome for each in third.decisions} == {
        key(2): Outcome.PUBLISHED,
        key(3): Outcome.QUARANTINED,
    }
    assert said(third, "amount_mean_drift")[key(2)][1] == (
        "the mean of amount is 12, and was 11 on average of 2 earlier: change 0.09091; "
        "the contract says less than 0.5"
    )
    last = shop.make(key(4))
    verdict, message = said(last, "row_count_drift")[key(4)]
    assert verdict is Verdict.FAILED
    assert message.startswith("the number of rows is 9, and was 2.5 on average of 2 earlier")


def test_a_partition_that_is_made_again_is_not_held_against_itself(shop: Any) -> None:
    rules = [drift("mean", mustBeLessThan=0.5)]
    shop.product(columns=COLUMNS, rows=days({0: [10], 1: [10]}), partitions=DAILY, quality=rules)
    shop.make(key(0), key(1))
    shop.feed(days({0: [99], 1: [10]}))
    again = shop.make(key(0))
    assert said(again, "amount_mean_drift")[key(0)][1].endswith("nothing to compare with yet")


def test_without_partitions_it_is_held_against_the_publications_before(shop: Any) -> None:
    rules = [drift("mean", mustBeLessThan=0.5), drift("categories", mustBeLessThan=20)]
    table = "shop/stock"
    columns = {"amount": "BIGINT"}
    shop.product(table, columns=columns, rows={"amount": [10]}, quality=rules)
    for amount, verdict in ((10, None), (12, Verdict.PASSED), (90, Verdict.FAILED)):
        shop.feed({"amount": [amount]}, table)
        attempt = shop.make(address=table)
        found, message = said(attempt, "amount_mean_drift")[None]
        if verdict is None:
            assert message.endswith("nothing to compare with yet")
        else:
            assert found is verdict
    mesh = shop.mesh
    published = audit_published(mesh, shop.load(table))
    (mean,) = [each for each in published if each.rule == "amount_mean_drift"]
    assert mean.message.startswith("the mean of amount is 12, and was 10 on average of the one")


def test_a_state_that_was_brought_back_counts_once(shop: Any) -> None:
    table = "shop/stock"
    rules = [drift("mean", mustBeLessThan=0.5, severity="warning")]
    shop.product(table, columns={"amount": "BIGINT"}, rows={"amount": [10]}, quality=rules)
    for amount in (10, 20):
        shop.feed({"amount": [amount]}, table)
        shop.make(address=table)
    shop.rollback(1, table)
    shop.feed({"amount": [30]}, table)
    message = said(shop.make(address=table), "amount_mean_drift")[None][1]
    assert "was 15 on average of 2 earlier" in message


def test_a_column_that_the_contract_has_got_since_has_no_history(shop: Any) -> None:
    rules = [drift("mean", mustBeLessThan=0.5)]
    shop.product(
        columns={"day": COLUMNS["day"]}, rows=days({0: [10]}).select("day"), partitions=DAILY
    )
    shop.make(key(0))
    columns = {"day": COLUMNS["day"], "amount": "BIGINT"}
    rows = days({0: [10], 1: [10]}).select("day", "amount")
    shop.product(columns=columns, rows=rows, partitions=DAILY, quality=rules)
    found = said(shop.make(key(1)), "amount_mean_drift")[key(1)]
    assert found[0] is Verdict.PASSED


LATE = [
    {"property": "freshness", "value": 26, "unit": "h", "element": "sales.at"},
    {"property": "retention", "value": 3, "unit": "d", "element": "sales.at"},
]


@pytest.fixture
def noon() -> Any:
    with clock.frozen(datetime(2013, 11, 8, 12, tzinfo=UTC)):
        yield


def test_late_data_is_published_with_a_warning(shop: Any, noon: None) -> None:
    rows = days({0: [1], 6: [1], 7: [1]}).with_columns(
        pl.when(pl.col("day") == FIRST + timedelta(days=7))
        .then(pl.col("at") - timedelta(days=2))
        .otherwise("at")
        .alias("at")
    )
    shop.product(columns=COLUMNS, rows=rows, partitions=DAILY, levels=LATE)
    attempt = shop.make(key(0), key(7))
    assert {each.outcome for each in attempt.decisions} == {Outcome.PUBLISHED}
    assert said(attempt, "at_freshness")[key(0)][0] is Verdict.PASSED
    assert said(attempt, "at_freshness")[key(7)][0] is Verdict.WARNED
    assert said(attempt, "at_retention")[key(0)][0] is Verdict.WARNED
    assert said(attempt, "at_retention")[key(7)][0] is Verdict.PASSED


def test_a_backfill_of_history_is_not_told_to_be_late(shop: Any, noon: None) -> None:
    shop.product(columns=COLUMNS, rows=days({0: [1], 7: [1]}), partitions=DAILY, levels=LATE[:1])
    assert said(shop.make(key(0)), "at_freshness")[key(0)][0] is Verdict.PASSED
    loaded = shop.load()
    (result,) = [each for each in audit_published(shop.mesh, loaded) if each.kind == "freshness"]
    assert (result.verdict, result.severity) == (Verdict.WARNED, Severity.WARNING)
    assert "6 d 6 h" not in result.message or "ago" in result.message
    shop.make(key(7))
    found = [each for each in audit_published(shop.mesh, loaded) if each.kind == "freshness"]
    assert {each.verdict for each in found} == {Verdict.PASSED}


def test_a_retention_that_names_no_element_is_of_publications(shop: Any, noon: None) -> None:
    levels = [{"property": "retention", "value": 3, "unit": "d"}]
    shop.product(columns=COLUMNS, rows=days({0: [1]}), partitions=DAILY, levels=levels)
    assert {each.kind for each in shop.make(key(0)).decisions[0].results} == {
        "schema",
        "required",
    }


def test_a_corrected_contract_audits_quarantined_files_against_history_again(shop: Any) -> None:
    strict = [drift("mean", mustBeLessThan=0.1)]
    shop.product(columns=COLUMNS, rows=days({0: [10], 1: [12]}), partitions=DAILY, quality=strict)
    shop.make(key(0))
    (waiting,) = shop.make(key(1)).decisions
    assert waiting.outcome is Outcome.QUARANTINED
    (again,) = shop.audit()
    assert again.outcome is Outcome.QUARANTINED
    file = shop.load().folder / "contract.odcs.yaml"
    told = "{promise: 'sales.quality[custom]', of: 1.0.0, reason: it never held}"
    text = file.read_text().replace("mustBeLessThan: 0.1", "mustBeLessThan: 0.3")
    file.write_text(f"{text}customProperties:\n- property: corrections\n  value: [{told}]\n")
    shop.feed(days({0: [77], 1: [77]}))
    (released,) = shop.audit()
    assert released.outcome is Outcome.RELEASED
    assert shop.amounts() == {key(0): [10], key(1): [12]}
