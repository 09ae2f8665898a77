"""Service levels in Dagster: checks of the asset, one sensor, and nothing that Dagster keeps."""

from __future__ import annotations

import json
from datetime import timedelta

import dagster as dg
import pytest

from mesh_dagster import clock
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.orchestrate.execute import run as run_outside
from mesh_dagster.products.discovering.finding import find
from mesh_dagster.products.mesh import Mesh

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
CHECK = dg.AssetCheckKey(SALES, "slo_frequency")
LEVELS = """\
slaProperties:
  - {property: frequency, value: 1, unit: d}
  - {property: completeness, value: 99, unit: percent}
"""


@pytest.fixture
def mesh(mesh):
    contract = next(mesh.folder("shop", "sales").glob("*.odcs.yaml"))
    contract.write_text(contract.read_text() + LEVELS)
    return mesh


@pytest.fixture
def sensor(mesh, instance):
    """One tick; the cursor is handed on unless it is wiped."""

    def tick(cursor: str | None = None, on: dg.DagsterInstance = instance):
        repository = mesh.definitions("shop").get_repository_def()
        context = dg.build_sensor_context(instance=on, cursor=cursor, repository_def=repository)
        return repository.get_sensor_def("service_levels").evaluate_tick(context)

    return tick


def _publish(mesh, *partitions: str) -> None:
    opened = Mesh.open(mesh.root)
    run_outside(opened, load_product(mesh.folder("shop", "sales")), partitions)


def _latest(instance):
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([CHECK]).get(CHECK)
    return record and record.event.dagster_event.event_specific_data


def test_each_service_level_is_a_check_of_the_asset(mesh) -> None:
    graph = mesh.definitions("shop").resolve_asset_graph()
    names = {key.name for key in graph.get_check_keys_for_assets({SALES})}
    assert {"slo_frequency", "slo_completeness"} <= names
    spec = graph.get_check_spec(CHECK)
    assert spec.description == "frequency within 1 d: 99 % over 30 d"


def test_a_run_tells_how_the_product_stands_after_it(mesh, instance, run) -> None:
    result = run(mesh.definitions("shop"), SALES, partitions=[DAYS[0]])
    told = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert told["slo_frequency"].passed
    assert told["slo_frequency"].metadata["budget_left"].value == 1.0
    assert "slo_completeness" in told


def test_the_sensor_tells_what_changed_and_only_that(mesh, sensor, instance) -> None:
    assert sensor().skip_message == "0 objectives, 0 not kept, 0 changed"
    _publish(mesh, *DAYS)
    first = sensor()
    assert first.skip_message.endswith("2 changed")
    assert _latest(instance).passed
    assert sensor(first.cursor).skip_message.endswith("0 changed")
    with clock.frozen(clock.now() + timedelta(days=2)):
        late = sensor(first.cursor)
    assert late.skip_message.endswith("2 changed") or late.skip_message.endswith("1 changed")
    assert not _latest(instance).passed
    assert _latest(instance).severity is dg.AssetCheckSeverity.ERROR
    assert "breached" in _latest(instance).description


def test_the_sensor_tells_the_mesh_what_its_location_has_loaded(mesh, sensor) -> None:
    opened = Mesh.open(mesh.root)
    assert find(opened, "sales").hits == ()
    first = sensor()
    (found,) = find(opened, "sales").hits
    assert found.path == "shop/sales/v1"
    _publish(mesh, *DAYS)
    sensor(first.cursor)
    (found,) = find(opened, "sales").hits
    assert found.slo == "met"


def test_the_sensor_reads_the_ports_that_promise_to_be_available(mesh, sensor, instance) -> None:
    contract = next(mesh.folder("shop", "sales").glob("*.odcs.yaml"))
    level = "  - {property: availability, value: 99.5, unit: percent}\n"
    contract.write_text(contract.read_text() + level)
    _publish(mesh, *DAYS)
    assert sensor().skip_message == "3 objectives, 0 not kept, 3 changed"
    check = dg.AssetCheckKey(SALES, "slo_availability")
    storage = instance.event_log_storage
    record = storage.get_latest_asset_check_execution_by_key([check])[check]
    told = record.event.dagster_event.event_specific_data
    assert told.passed
    assert "the last read was answered" in told.description


def test_a_wiped_cursor_and_a_new_instance_are_told_the_same(mesh, sensor, instance) -> None:
    _publish(mesh, *DAYS)
    with clock.frozen(clock.now() + timedelta(days=2)):
        told = sensor()
        again = sensor(None)
        assert json.loads(again.cursor) == json.loads(told.cursor)
        with dg.instance_for_test() as other:
            assert sensor(None, other).cursor == told.cursor
            assert _latest(other).description == _latest(instance).description


@pytest.fixture
def present(mesh, monkeypatch):
    """No replay: Dagster's clock is the mesh's."""
    monkeypatch.delenv("MESH_NOW", raising=False)
    monkeypatch.delenv("MESH_SINCE", raising=False)


@pytest.mark.usefixtures("present")
@pytest.mark.parametrize("level", ["freshness", "frequency"])
def test_a_promise_of_less_than_a_minute_loads(mesh, level) -> None:
    contract = next(mesh.folder("shop", "sales").glob("*.odcs.yaml"))
    seconds = f"slaProperties:\n  - {{property: {level}, value: 30, unit: s}}\n"
    contract.write_text(contract.read_text().replace(LEVELS, seconds))
    graph = mesh.definitions("shop").resolve_asset_graph()
    shortest = dg.FreshnessPolicy.time_window(fail_window=timedelta(minutes=1))
    assert graph.get(SALES).freshness_policy == shortest
    assert dg.AssetCheckKey(SALES, f"slo_{level}") in graph.get_check_keys_for_assets({SALES})


@pytest.mark.usefixtures("present")
def test_dagsters_own_policy_is_set_except_in_a_replay(mesh, monkeypatch) -> None:
    def policy():
        mesh.loaded.clear()
        graph = mesh.definitions("shop").resolve_asset_graph()
        return graph.get(SALES).freshness_policy

    assert policy() == dg.FreshnessPolicy.time_window(fail_window=timedelta(days=1))
    monkeypatch.setenv("MESH_NOW", "2013-11-08T12:00:00Z")
    assert policy() is None
