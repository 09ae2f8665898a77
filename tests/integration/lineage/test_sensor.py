"""The sensor of a domain delivers its lineage, leaves a sign of life, and tells of other assets."""

from __future__ import annotations

import json
import sys

import dagster as dg
import pytest

from mesh_dagster.orchestrate.domain import domain_definitions

ASSETS = """\
import dagster as dg

@dg.asset(key=["shop", "raw", "orders"])
def orders():
    columns = [dg.TableColumn("n", "int")]
    yield dg.MaterializeResult(
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns), "dagster/row_count": 3}
    )

@dg.asset(key=["shop", "clean"], deps=[orders, dg.AssetKey(["shop", "sales", "v1"])])
def clean():
    pass
"""


@pytest.fixture
def shop(world, backend, monkeypatch):
    """The domain as a code location with two assets that are no port, and its Dagster."""
    world.posts_to(backend)
    package = world.root / "domains" / "shop" / "src" / "shop"
    (package / "defs" / "internal.py").write_text(ASSETS)
    (package / "__init__.py").touch()
    (package / "defs" / "__init__.py").touch()
    (package / "definitions.py").write_text("")
    project = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shop"\n'
    (package.parents[1] / "pyproject.toml").write_text(project)

    monkeypatch.syspath_prepend(str(package.parent))

    def location():
        for name in [each for each in sys.modules if each.partition(".")[0] == "shop"]:
            del sys.modules[name]
        return domain_definitions(package / "definitions.py").get_repository_def()

    with dg.instance_for_test() as instance:
        yield location, instance


def tick(location, instance, cursor=None):
    context = dg.build_sensor_context(
        instance=instance, repository_def=location, cursor=cursor, sensor_name="lineage"
    )
    told = location.get_sensor_def("lineage").evaluate_tick(context)
    return told.skip_message, told.cursor


def made(location, instance, *keys):
    names = [dg.AssetKey(key.split("/")) for key in keys]
    job = location.get_implicit_job_def_for_assets(names)
    assert job is not None
    return job.execute_in_process(instance=instance, asset_selection=names)


def test_a_run_of_dagster_is_the_parent_of_what_it_made(shop, backend, world):
    location, instance = shop[0](), shop[1]
    done = made(location, instance, "shop/sales/v1")
    told, _ = tick(location, instance)
    assert told == "backend: 2 delivered, 0 to be tried again, 0 given up"
    start, complete = backend.events
    parent = complete["run"]["facets"]["parent"]
    assert start["run"]["facets"]["parent"] == parent
    assert parent["job"]["name"] == f"dagster/{done.dagster_run.job_name}"
    with world.mesh.journal("shop") as journal:
        beats = {each.name: each for each in journal.outbox.health().heartbeats}
    assert beats["lineage"].every == 15


def test_assets_that_are_no_port_are_told_of_where_the_domain_asks(shop, backend, world):
    world.configure_domain("shop", lineage={"internalAssets": True})
    location, instance = shop[0](), shop[1]
    made(location, instance, "shop/raw/orders", "shop/clean")
    _, cursor = tick(location, instance)
    ended = {
        each["job"]["name"]: each for each in backend.events if each["eventType"] == "COMPLETE"
    }
    assert set(ended) == {"raw/orders", "clean"}
    clean, orders = ended["clean"], ended["raw/orders"]
    names = [f"{each['namespace']}/{each['name']}" for each in clean["inputs"]]
    assert names == ["mesh://shop/raw/orders", "mesh://shop/sales/v1"]
    (output,) = orders["outputs"]
    assert output["facets"]["schema"]["fields"] == [{"name": "n", "type": "int"}]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert all(states == ["START", "COMPLETE"] for states in backend.states.values())
    tick(location, instance, cursor)
    tick(location, instance, None)
    assert len(backend.taken) == 4, "what was told is told again"


def test_assets_that_are_no_port_are_nobodys_business_otherwise(shop, backend):
    location, instance = shop[0](), shop[1]
    made(location, instance, "shop/raw/orders")
    tick(location, instance)
    assert backend.taken == []


def test_their_events_hold_against_the_schemas(shop, backend, world):
    import os
    from pathlib import Path

    folder = os.environ.get("MESH_OPENLINEAGE_SCHEMAS")
    schemas = Path(folder or Path(__file__).parents[4] / "shared/schemas/openlineage")
    if not (schemas / "OpenLineage.json").is_file():
        pytest.skip(f"no schemas in {schemas}")
    from jsonschema import Draft202012Validator

    world.configure_domain("shop", lineage={"internalAssets": True})
    location, instance = shop[0](), shop[1]
    made(location, instance, "shop/raw/orders", "shop/clean")
    tick(location, instance)
    schema = json.loads((schemas / "OpenLineage.json").read_text())
    validator = Draft202012Validator({**schema, "$ref": "#/$defs/RunEvent"})
    assert len(backend.events) == 4
    assert [each.message for event in backend.events for each in validator.iter_errors(event)] == []
