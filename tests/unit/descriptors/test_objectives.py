"""In which share of the time a service level is kept: what is misspelt is told at its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mesh_dagster.descriptors import odcs
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.slo import Change, Changes, Indicator, Status
from mesh_dagster.slos.evaluate import standing
from mesh_dagster.slos.history import History
from mesh_dagster.slos.objectives import objectives_of

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
    customProperties:
      - {{property: eventTime, value: at}}
slaProperties:
  - {{property: freshness, value: 26, unit: h}}
  - {{property: frequency, value: 1, unit: y}}
  - {{property: completeness, value: 95, unit: percent}}
  - {{property: errorRate, value: 0.5, unit: percent}}
customProperties:
  - property: objectives
    value:
      - {item}
"""


def _read(item: str):
    return odcs.read(_CONTRACT.format(item=item), "contract.odcs.yaml")


def test_an_objective_has_the_share_and_the_window_that_the_contract_says() -> None:
    found = {
        each.indicator: each
        for each in objectives_of(_read("{of: freshness, target: 99.9, window: 7 d}"))
    }
    fresh = found[Indicator.FRESHNESS]
    assert (fresh.target, fresh.window, fresh.limit) == (
        pytest.approx(0.999),
        timedelta(days=7),
        timedelta(hours=26),
    )


def test_without_one_it_is_99_percent_over_what_suits_the_cadence() -> None:
    found = {each.indicator: each for each in objectives_of(_read("{of: freshness}"))}
    assert found[Indicator.FREQUENCY].target == 0.99
    assert found[Indicator.FREQUENCY].window == 4 * timedelta(days=365.25)


def test_a_service_level_that_is_a_share_is_its_own_target() -> None:
    found = {each.indicator: each for each in objectives_of(_read("{of: freshness}"))}
    assert found[Indicator.COMPLETENESS].target == pytest.approx(0.95)
    assert found[Indicator.ACCURACY].target == pytest.approx(0.995)


def test_of_a_port_that_is_not_the_first_nobody_knows_how_old_its_facts_are() -> None:
    contract = _read("{of: freshness}")
    levels = (*contract.service_levels, ServiceLevel("latency", 1, "h"))
    contract = replace(contract, service_levels=levels)
    of_facts = {Indicator.FRESHNESS, Indicator.LATENCY}
    assert {each.reason for each in objectives_of(contract)} == {None}
    late = objectives_of(contract, "late")
    told = {each.indicator for each in late if each.reason is not None}
    assert told == of_facts
    now = datetime(2013, 11, 8, tzinfo=UTC)
    day = timedelta(days=1)
    first = Change(None, "published", now - day, now - day, 1, 0, "a")
    seen = History("d/p/v1", now, now - day, Changes.of([first]))
    found = {each.indicator: standing(each, seen) for each in late}
    assert {found[each].status for each in of_facts} == {Status.UNMEASURED}
    assert found[Indicator.FRESHNESS].now == (
        "it is of the port late, and the journal knows the moments of the first port only"
    )
    assert found[Indicator.FREQUENCY].status is Status.MET


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("{of: freshnes}", "did you mean `freshness`?"),
        ("{of: freshness, targt: 99}", "did you mean `target`?"),
        ("{of: freshness, target: 101}", "expected a share in percent"),
        ("{of: freshness, target: 0}", "expected a share in percent"),
        ("{of: freshness, window: 30 m}", "expected a number of"),
        ("{of: freshness, window: 0 d}", "expected a number of"),
        ("{of: completeness, target: 90}", "is a share itself"),
        ("{target: 90}", "`of` is missing"),
        ("nothing", "expected a mapping"),
    ],
)
def test_what_means_nothing_is_told_at_its_line(item: str, said: str) -> None:
    with pytest.raises(DescriptorError) as caught:
        _read(item)
    assert said in str(caught.value)
    assert "contract.odcs.yaml:20" in str(caught.value)
