"""Shape: what the measures mean, and that planted shifts are found on every engine."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.history.drift import Earlier, against, stability
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Measure, Shape, Unsupported
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 1000), min_size=1)
numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def shaped(implementation: Any, column: str | None = "x", **more: Any) -> Contract:
    quality = Quality(
        "custom",
        operator=more.pop("operator", "mustBeLessThan"),
        threshold=more.pop("threshold", 0.2),
        rest={"engine": "mesh", "implementation": implementation, **more.pop("rest", {})},
        **more,
    )
    at_column = (quality,) if column else ()
    columns = (
        Property("x", type=ColumnType(Kind.DOUBLE), quality=at_column),
        Property("c", type=ColumnType(Kind.STRING)),
    )
    table = SchemaObject("t", columns, quality=() if column else (quality,))
    return Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,))


def rule_of(contract: Contract) -> Any:
    (found,) = [each for each in rules(contract) if isinstance(each, Shape | Unsupported)]
    return found


def held(contract: Contract, now: Any, *before: Any) -> RuleResult:
    (result,) = audit([rule_of(contract)], now, history=against(*before))
    return result


def frame(values: Any, name: str = "x") -> pl.DataFrame:
    return pl.DataFrame({name: values})


@given(counts)
def test_the_same_distribution_has_not_drifted(one: dict[str, int]) -> None:
    assert stability(one, one) == 0
    thrice = {category: 3 * count for category, count in one.items()}
    assert stability(one, thrice) == pytest.approx(0, abs=1e-12)


@given(counts, counts)
def test_drift_of_categories_is_symmetric_and_never_less_than_none(
    one: dict[str, int], other: dict[str, int]
) -> None:
    there, back = stability(one, other), stability(other, one)
    assert there == pytest.approx(back)
    assert there >= 0


@given(counts)
def test_a_category_that_is_new_is_drift(one: dict[str, int]) -> None:
    planted = {**one, "new": sum(one.values())}
    assert stability(one, planted) > 0.5


@given(numbers, st.floats(0.3, 10))
def test_a_mean_that_moved_by_more_than_allowed_is_found(values: list[float], by: float) -> None:
    promised = shaped({"metric": "mean"})
    before = frame([abs(each) + 1 for each in values])
    moved = before.with_columns(pl.col("x") * (1 + by))
    assert held(promised, before.lazy(), before.lazy()).verdict is Verdict.PASSED
    assert held(promised, moved.lazy(), before.lazy()).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("implementation", "threshold", "now", "before", "verdict"),
    [
        ({"metric": "nullShare"}, 0.1, [None, 1.0, 2.0, 3.0], [1.0, 2.0], Verdict.FAILED),
        ({"metric": "nullShare"}, 0.26, [None, 1.0, 2.0, 3.0], [1.0, 2.0], Verdict.PASSED),
        ({"metric": "mean"}, 0.2, [1.1, 1.2], [1.0], Verdict.PASSED),
        ({"metric": "mean"}, 0.2, [2.0, None], [1.0], Verdict.FAILED),
        ({"metric": "mean", "measure": "difference"}, 0.9, [2.0], [1.0], Verdict.FAILED),
        ({"metric": "mean", "signed": True}, 0.2, [0.1], [1.0], Verdict.PASSED),
        ({"metric": "quantile", "quantile": 0.5}, 0.2, [0, 1.0, 9], [0, 1.0, 2], Verdict.PASSED),
        ({"metric": "quantile", "quantile": 0.9}, 0.2, [0, 1.0, 9], [0, 1.0, 2], Verdict.FAILED),
        ({"metric": "categories"}, 0.2, [1.0, 1.0, 2.0], [1.0, 1.0, 2.0], Verdict.PASSED),
        ({"metric": "categories"}, 0.2, [1.0, None, None], [1.0, 1.0, 2.0], Verdict.FAILED),
        ({"metric": "mean"}, 0.2, [None, None], [1.0], Verdict.PASSED),
        ({"metric": "mean"}, 0.2, [float("nan"), 1.0], [1.0, float("nan")], Verdict.PASSED),
        ({"metric": "mean"}, 0.2, [1.0], [None], Verdict.PASSED),
        ({"metric": "mean"}, 0.2, [1.0], [0.0], Verdict.ERROR),
        ({"metric": "mean"}, 0.2, [0.0], [0.0], Verdict.PASSED),
        ({"metric": "mean", "measure": "deviations"}, 2, [1.0], [1.5], Verdict.ERROR),
    ],
)
def test_each_measure_says_what_its_name_says(
    opened: Any, implementation: Any, threshold: float, now: Any, before: Any, verdict: Verdict
) -> None:
    double = pl.Float64
    contract = shaped(implementation, threshold=threshold)
    one = opened(frame(pl.Series(now, dtype=double)))
    other = opened(frame(pl.Series(before, dtype=double)))
    assert held(contract, one, other).verdict is verdict


def test_rows_are_held_against_the_average_of_earlier_numbers(opened: Any) -> None:
    contract = shaped(
        {"metric": "rowCount", "against": 2}, None, operator="mustBeBetween", threshold=[0.5, 2]
    )
    earlier = [opened(frame([1.0] * count)) for count in (10, 20, 1000)]
    for count, verdict in ((7, Verdict.FAILED), (8, Verdict.PASSED), (31, Verdict.FAILED)):
        result = held(contract, opened(frame([1.0] * count)), *earlier)
        assert (result.verdict, result.checked) == (verdict, count)
    assert result.message == (
        "the number of rows is 31, and was 15 on average of 2 earlier: ratio 2.067; "
        "the contract says between 0.5 and 2"
    )


def test_standard_deviations_are_those_of_the_earlier_values() -> None:
    contract = shaped({"metric": "mean", "measure": "deviations"}, threshold=3)
    before = [frame([value]).lazy() for value in (9.0, 10.0, 11.0)]
    assert held(contract, frame([12.9]).lazy(), *before).verdict is Verdict.PASSED
    assert held(contract, frame([13.1]).lazy(), *before).verdict is Verdict.FAILED


def test_percent_is_a_hundredth() -> None:
    contract = shaped({"metric": "mean"}, threshold=20, unit="percent")
    assert held(contract, frame([1.19]).lazy(), frame([1.0]).lazy()).verdict is Verdict.PASSED
    assert held(contract, frame([1.21]).lazy(), frame([1.0]).lazy()).verdict is Verdict.FAILED


def test_with_no_history_it_passes_and_says_so(opened: Any) -> None:
    for history in (None, against()):
        data = opened(frame([1.0]))
        (result,) = audit([rule_of(shaped({"metric": "mean"}))], data, history=history)
        assert result.verdict is Verdict.PASSED
        assert result.message.endswith("nothing to compare with yet")


def test_a_column_that_is_new_has_no_history() -> None:
    result = held(shaped({"metric": "mean"}), frame([1.0]).lazy(), frame([1.0], "y").lazy())
    assert result.message.endswith("nothing to compare with yet")


def test_what_was_published_is_read_only_where_it_is_asked_and_once() -> None:
    asked: list[tuple[str | None, int]] = []
    opens: Counter[str] = Counter()

    def open_(name: str) -> Any:
        opens[name] += 1
        return frame([1.0]).lazy()

    def history(key: str | None, most: int) -> list[Earlier]:
        asked.append((key, most))
        return [
            Earlier(name, lambda name=name: open_(name), count=lambda: 1) for name in ("a", "b")
        ]

    start = datetime(2013, 11, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(2)]
    data = pl.DataFrame({"x": [1.0, 5.0], "at": days}).lazy()
    cut = Partitioning(Every.DAY, "at", start)
    by_mean = rule_of(shaped({"metric": "mean", "against": 3}))
    by_rows = rule_of(shaped({"metric": "rowCount"}, None, threshold=2))
    found = audit([by_mean, by_rows], data, partitioning=cut, history=history)
    assert [(each.partition, each.verdict) for each in found] == [
        ("2013-11-01", Verdict.PASSED),
        ("2013-11-01", Verdict.PASSED),
        ("2013-11-02", Verdict.FAILED),
        ("2013-11-02", Verdict.PASSED),
    ]
    assert asked == [("2013-11-01", 3), ("2013-11-02", 3), ("2013-11-01", 7), ("2013-11-02", 7)]
    assert opens == {"a": 1, "b": 1}


@pytest.mark.parametrize("every", list(Every))
def test_a_partition_is_compared_by_its_own_rows(opened: Any, every: Every) -> None:
    start = datetime(2013, 9, 1, tzinfo=UTC)
    moments = [start + timedelta(hours=hour) for hour in range(0, 24 * 70, 5)]
    data = pl.DataFrame({"at": moments, "x": [float(at.timetuple().tm_yday) for at in moments]})
    cut = Partitioning(every, "at", start)
    rule = rule_of(shaped({"metric": "mean", "measure": "difference"}, operator="mustBe"))
    results = audit([rule], opened(data), partitioning=cut, history=against(frame([0.0]).lazy()))
    for result in results:
        first, last = cut.window(result.partition or "")
        own = [at.timetuple().tm_yday for at in moments if first <= at < last]
        assert f"is {sum(own) / len(own):,.6g}, and was 0" in result.message


@pytest.mark.parametrize(
    ("implementation", "column", "why"),
    [
        ("mean", "x", "`implementation` is a mapping"),
        ({}, "x", "None is no metric"),
        ({"metric": "median"}, "x", "'median' is no metric"),
        ({"metric": "mean", "agianst": 3}, "x", "'agianst' is nothing that mean knows"),
        ({"metric": "mean", "against": 0}, "x", "`against` is a number of publications, not 0"),
        ({"metric": "mean", "against": True}, "x", "`against` is a number"),
        ({"metric": "mean", "measure": "psi"}, "x", "'psi' is no measure of mean"),
        ({"metric": "mean", "quantile": 0.5}, "x", "`quantile` is a number from 0 to 1"),
        ({"metric": "quantile"}, "x", "`quantile` is a number from 0 to 1"),
        ({"metric": "quantile", "quantile": 95}, "x", "`quantile` is a number from 0 to 1"),
        ({"metric": "mean", "signed": "yes"}, "x", "`signed` is true or false"),
        ({"metric": "rowCount"}, "x", "counts rows and takes no column"),
        ({"metric": "mean"}, None, "needs a `column`"),
        ({"metric": "mean", "column": "z"}, None, "the contract has no property 'z'"),
    ],
)
def test_a_form_that_makes_no_sense_is_a_rule_that_says_why(
    implementation: Any, column: str | None, why: str
) -> None:
    rule = rule_of(shaped(implementation, column))
    assert isinstance(rule, Unsupported)
    assert why in rule.reason
    assert rule.severity is Severity.ERROR


def test_an_operator_and_its_numbers_are_checked() -> None:
    for more in ({"operator": None}, {"threshold": "1"}, {"unit": "km"}, {"threshold": True}):
        assert isinstance(rule_of(shaped({"metric": "mean"}, **more)), Unsupported)
    unit = rule_of(shaped({"metric": "categories"}, unit="percent"))
    assert unit.reason == "the unit 'percent' does not go with it"


def test_a_rule_has_a_name_a_measure_and_says_what_must_hold() -> None:
    rule = rule_of(shaped({"metric": "quantile", "quantile": 0.95}))
    assert (rule.id, rule.measure, rule.dimension) == (
        "x_quantile_drift",
        Measure.CHANGE,
        "consistency",
    )
    assert rule.message == (
        "the change of the 0.95 quantile of x against 7 earlier is less than 0.2"
    )
    named = rule_of(shaped({"metric": "mean"}, name="steady", severity=Severity.WARNING))
    assert (named.id, named.severity) == ("steady", Severity.WARNING)


def test_a_column_of_texts_has_no_mean_and_too_many_categories_are_refused() -> None:
    texts = frame([str(number) for number in range(10_001)]).lazy()
    mean = held(shaped({"metric": "mean"}), texts, texts)
    assert "has no mean" in mean.message
    categories = held(shaped({"metric": "categories"}), texts, texts)
    assert categories.verdict is Verdict.ERROR
    assert "more than 10,000 categories" in categories.message
