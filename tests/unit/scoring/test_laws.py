"""The laws of a score: each defect costs its own dimension, and to mend one never costs any."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mesh_dagster.model.discovery import ExampleQuery
from mesh_dagster.scoring.score import lost, rule_set, score
from mesh_dagster.scoring.subject import Observed, Subject

LAX = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)


def seeded(perfect: Subject, defects: dict[str, Any], names: Iterable[str]) -> Subject:
    """A product with several defects; always in one order, since some undo others."""
    for name in sorted(names, key=list(defects).index):
        perfect = defects[name][1](perfect)
    return perfect


def test_a_product_that_lacks_nothing_has_all_points(perfect: Subject) -> None:
    found = score(perfect)
    assert found.overall == 100
    assert [name for name, value in found.told.dimensions.items() if value < 100] == []
    assert list(lost(found)) == []


def test_each_of_many_defects_lowers_its_own_dimension_and_no_other(
    perfect: Subject, defects: dict[str, Any]
) -> None:
    assert len(defects) >= 20
    for name, (dimension, seed) in defects.items():
        found = score(seed(perfect))
        lowered = [each for each, value in found.told.dimensions.items() if value < 100]
        assert lowered == [dimension], name
        assert found.overall < 100, name


def test_each_defect_is_told_with_its_evidence_and_what_would_raise_it(
    perfect: Subject, defects: dict[str, Any]
) -> None:
    for name, (dimension, seed) in defects.items():
        found = list(lost(score(seed(perfect))))
        assert {each.name for each, _, _ in found} == {dimension}, name
        assert all(point.evidence and point.fix for _, point, _ in found), name


def test_to_mend_one_of_two_defects_never_lowers_any_dimension(
    perfect: Subject, defects: dict[str, Any], shows: set[str]
) -> None:
    alone = {name: score(seeded(perfect, defects, [name])).told.dimensions for name in defects}
    for pair in itertools.combinations(defects, 2):
        if "no examples" in pair and shows & set(pair):
            continue
        both = score(seeded(perfect, defects, pair)).told.dimensions
        for left in pair:
            lower = [name for name, value in both.items() if alone[left][name] < value]
            assert lower == [], pair


@LAX
@given(data=st.data())
def test_to_mend_one_of_many_defects_never_lowers_any_dimension(
    perfect: Subject, defects: dict[str, Any], shows: set[str], data: st.DataObject
) -> None:
    names = data.draw(st.sets(st.sampled_from(list(defects)), min_size=1))
    assume("no examples" not in names or not shows & names)
    mended = data.draw(st.sampled_from(sorted(names)))
    before = score(seeded(perfect, defects, names))
    after = score(seeded(perfect, defects, names - {mended}))
    for name, value in before.told.dimensions.items():
        assert after.told.dimensions[name] >= value, (name, mended)
    assert after.overall >= before.overall


@LAX
@given(st.integers(0, 2**31))
def test_row_counts_never_count(perfect: Subject, seed: int) -> None:
    """Of example results, the only place where a score sees rows at all."""
    some = random.Random(seed)
    rows = tuple(("JFK",) for _ in range(some.randint(0, 9)))
    queries = tuple(replace(each, rows=rows) for each in perfect.queries)
    assert score(replace(perfect, queries=queries)) == score(perfect)
    fields = set(Observed.__dataclass_fields__)
    assert not [name for name in fields if "row" in name or "count" in name]


def test_the_whole_is_capped_at_half_where_secure_fails(
    perfect: Subject, defects: dict[str, Any]
) -> None:
    unclassified = score(defects["columns of no class"][1](perfect))
    secure = unclassified.dimension("secure")
    assert secure is not None
    assert secure.fails
    assert unclassified.overall == 50
    lasting = score(defects["no end of keeping"][1](perfect))
    assert lasting.overall > 90


@LAX
@given(data=st.data())
def test_nothing_else_makes_up_for_what_is_not_secure(
    perfect: Subject, defects: dict[str, Any], data: st.DataObject
) -> None:
    names = data.draw(st.sets(st.sampled_from(list(defects))))
    found = score(seeded(perfect, defects, names))
    if any(each.fails for each in found.dimensions):
        assert found.overall <= 50


def test_a_dimension_is_the_smaller_of_what_is_declared_and_what_was_observed(
    perfect: Subject, defects: dict[str, Any]
) -> None:
    for name, (dimension, seed) in defects.items():
        one = score(seed(perfect)).dimension(dimension)
        assert one is not None
        assert one.value == min(one.declared, one.observed), name


def test_what_a_mask_has_left_of_a_column_may_be_told(perfect: Subject) -> None:
    told = tuple(replace(each, columns=("dest", "crew")) for each in perfect.queries)
    now = perfect.described.contracts[""]
    crew = replace(now.table.properties[2], name="crew")
    table = replace(now.table, properties=(*now.table.properties, crew))
    contracts = {**perfect.described.contracts, "": replace(now, schema=(table,))}
    described = replace(perfect.described, contracts=contracts)
    secure = score(replace(perfect, described=described, queries=told)).dimension("secure")
    assert secure is not None
    assert secure.value == 100


def test_what_was_never_made_has_nothing_observed(perfect: Subject) -> None:
    found = score(replace(perfect, observed=Observed(), queries=()))
    observed = {each.name: each.observed for each in found.dimensions}
    assert observed["addressable"] == observed["discoverable"] == 0
    assert observed["self-describing"] == 0
    assert observed["trustworthy"] < 20
    runs = {point.fix for _, point, _ in lost(found) if point.fix}
    assert f"mesh run {perfect.path}" in runs


def test_what_helps_most_is_told_first_and_does_help(
    perfect: Subject, defects: dict[str, Any]
) -> None:
    found = score(seeded(perfect, defects, ["no tags", "no rules", "late", "no key"]))
    gains = [gain for _, _, gain in lost(found)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0


def test_a_product_without_any_column_or_port_is_scored_and_breaks_nothing(
    perfect: Subject,
) -> None:
    bare = replace(perfect.described.product, outputs=(), inputs=())
    described = replace(perfect.described, product=bare, contracts={})
    found = score(replace(perfect, described=described, observed=Observed(), queries=()))
    assert 0 <= found.overall < 60


@pytest.mark.parametrize("share", [-1.0, 2.0, float("nan")])
def test_a_share_is_never_more_than_all_or_less_than_nothing(
    perfect: Subject, share: float
) -> None:
    from mesh_dagster.model.score import Side
    from mesh_dagster.scoring.rule import Look, rule

    asked = rule("odd", Side.DECLARED)(lambda subject: Look(share, "so"))
    assert 0 <= asked.of(perfect).share <= 1


def test_rows_that_are_told_to_few_cost_no_point(perfect: Subject) -> None:
    few = ExampleQuery("days", "x", publication=7, note="its rows are for few", withheld=True)
    assert score(replace(perfect, queries=(few,))).overall == 100


def test_a_name_of_a_query_drives_no_terminal_and_no_shell(perfect: Subject) -> None:
    bad = ExampleQuery("a\n$(rm -rf ~)\x1b[2J", "x", publication=None)
    found = score(replace(perfect, queries=(bad,)))
    texts = [text for _, p, _ in lost(found) for text in (p.evidence, p.fix or "")]
    assert all(each.isprintable() for each in texts)
    assert not any("$(rm" in (p.fix or "") and "'" not in (p.fix or "") for _, p, _ in lost(found))


def test_the_rule_set_has_six_dimensions_that_weigh_a_hundred() -> None:
    rules = rule_set()
    assert sum(each.weight for each in rules.dimensions) == 100
    assert "".join(each.name[0] for each in rules.dimensions) == "datsis"
    assert rules.version == "1.1"
