"""What is retired is shown in Dagster and made by nothing: schedule, condition, check, job."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from mesh_dagster.descriptors.editing import edited
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.products.keeping.service_levels import objectives
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh

SALES = dg.AssetKey(["shop", "sales", "v1"])


@pytest.fixture
def retired(mesh: Any) -> Any:
    """The mesh with `shop/sales`, which had a schedule and a service level, retired."""
    folder = mesh.folder("shop", "sales")
    wiring = folder / "defs.yaml"
    wiring.write_text(wiring.read_text() + '  schedule: "0 6 * * *"\n')
    contract = folder / "contract.odcs.yaml"
    levels = "slaProperties: [{property: frequency, value: 1, unit: d}]\n"
    contract.write_text(contract.read_text() + levels)
    assert mesh.definitions("shop").schedules, "it had one"
    for name in ("product.odps.yaml", "contract.odcs.yaml"):
        text = (folder / name).read_text()
        (folder / name).write_text(edited(text, {("status",): "retired"}, name))
    return mesh


def test_no_schedule_condition_check_or_job_is_of_it(retired: Any) -> None:
    definitions = retired.definitions("shop")
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    assert [each.name for each in repository.schedule_defs] == []
    assert graph.get(SALES).is_external
    assert not graph.get(SALES).is_executable
    assert graph.get(SALES).automation_condition is None
    assert [key for key in graph.asset_check_keys if key.asset_key == SALES] == []
    for job in repository.get_all_jobs():
        assert SALES not in job.asset_layer.executable_asset_keys
    assert graph.get(SALES).tags["mesh/status"] == "retired"


def test_another_domain_that_still_declares_it_loads(retired: Any) -> None:
    graph = retired.definitions("reports").get_repository_def().asset_graph
    assert dg.AssetKey(["reports", "totals", "v1"]) in graph.executable_asset_keys


def test_it_is_not_made_by_hand_and_promises_nothing(retired: Any) -> None:
    opened = Mesh.open(retired.root)
    loaded = opened.load(Address.parse("shop/sales/v1"))
    with pytest.raises(UsageError, match="is retired, and made no more"):
        materialize(opened, loaded, partitions=["2013-11-01"])
    assert objectives(loaded) == ()
