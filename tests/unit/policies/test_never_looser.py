"""Whatever a domain.yaml says, no policy of the mesh asks less in that domain than it did."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.model.finding import Severity
from mesh_dagster.model.policy import Force, PolicySetting
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.governed import Governed

from .conftest import OWN, config, domain

FIRST = date(2024, 3, 1)
WEIGHT = {None: 0, Severity.WARNING: 1, Severity.ERROR: 2}
days = st.integers(0, 60).map(lambda each: FIRST + timedelta(days=each))
grave = st.sampled_from([*(each.value for each in Severity), "none"])


@st.composite
def settings(draw: st.DrawFn) -> PolicySetting:
    force = draw(st.sampled_from([None, *Force]))
    severity = draw(
        st.one_of(
            st.dictionaries(st.sampled_from([each.value for each in Stage]), grave),
            grave.map(lambda each: {"*": each}),
        )
    )
    return PolicySetting(
        draw(st.sampled_from([each.id for each in OWN])),
        force,
        draw(days) if force is Force.GRACE else None,
        severity,
    )


@given(st.lists(settings(), max_size=4), st.lists(settings(), max_size=4), days)
def test_a_domain_never_asks_less_than_the_mesh(
    ours: list[PolicySetting], theirs: list[PolicySetting], today: date
) -> None:
    mesh = Governed(config(*ours))
    governed = Governed(config(*ours), domain(*theirs, sets=("own", "standard")))
    for name, before in mesh.policies.items():
        after = governed.policies[name]
        assert after.is_draft <= before.is_draft
        for stage in Stage:
            asked = WEIGHT[before.grave(stage, today)]
            assert WEIGHT[after.grave(stage, today)] >= asked


@given(st.lists(settings(), max_size=4), st.lists(settings(), max_size=4), days)
def test_what_is_tightened_without_a_finding_holds_as_it_is_stated(
    ours: list[PolicySetting], theirs: list[PolicySetting], today: date
) -> None:
    governed = Governed(config(*ours), domain(*theirs))
    if governed.findings:
        return
    last = {each.policy: each for each in theirs if each.force is not None}
    for name, stated in last.items():
        assert governed.policies[name].force is stated.force
        assert governed.policies[name].until == stated.until
