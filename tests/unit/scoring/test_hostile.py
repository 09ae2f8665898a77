"""Whatever another domain writes into its document is scored or left out, and breaks nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.descriptors.source import Source
from mesh_dagster.model.discovery import About, Facts, RuleStanding, Told
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.products.scoring.subjects import Served, told_subject
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import decode_entry, entry_of, line
from mesh_dagster.scoring.score import lost, score
from mesh_dagster.scoring.subject import Subject

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("mesh://x/y/v1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


class _Nobody(Served):
    """A mesh in which nothing is known of anything."""

    def __init__(self) -> None:
        self._known = {}

    def _is_served(self, address: Any) -> bool:
        return False


def entry(subject: Subject) -> dict[str, Any]:
    facts = Facts(
        publications=(Told(7, subject.observed.at, "materialization", {"": 9}),),  # type: ignore[arg-type]
        quality=(RuleStanding("r", "", "range", Severity.ERROR, Verdict.FAILED),),
        levels=subject.observed.levels,
        queries=subject.queries,
    )
    told = Described(subject.described.product, subject.described.contracts, None, facts)
    plain: dict[str, Any] = json.loads(line(entry_of(told)))
    return plain


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    return [path, *(each for key in keys for each in places(value[key], (*path, key)))]


@settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_document_of_anything_is_scored_or_left_out(
    perfect: Subject, data: st.DataObject
) -> None:
    stated = entry(perfect)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([each for each in places(stated) if each]))
        inside = stated
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = data.draw(ANYTHING)
    source = Source("", perfect.path, tolerant=True)
    described = decode_entry(line(stated), perfect.path, source)
    if described is None:
        return
    found = score(told_subject(described, About("flights"), _Nobody()))
    assert 0 <= found.overall <= 100
    texts = [text for _, p, _ in lost(found) for text in (p.evidence, p.fix or "")]
    assert all(each.isprintable() for each in texts)
    evaluated = [p for d in found.dimensions for p in d.points]
    assert not [p for p in evaluated if p.evidence.startswith("could not be evaluated")]
