"""Scores in Dagster: metadata of the asset as it was told, and an observation when it changes."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from mesh_dagster.descriptors.product import load_product
from mesh_dagster.orchestrate.execute import run as run_outside
from mesh_dagster.products.mesh import Mesh

DAY = "2013-11-01"
SALES = dg.AssetKey(["shop", "sales", "v1"])


@pytest.fixture
def tick(mesh, instance):
    def once(cursor: str | None = None) -> str:
        repository = mesh.definitions("shop").get_repository_def()
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=repository
        )
        return repository.get_sensor_def("service_levels").evaluate_tick(context).cursor or "{}"

    return once


def _metadata(mesh):
    mesh.loaded.clear()
    return mesh.definitions("shop").resolve_asset_graph().get(SALES).metadata


def _observed(instance):
    records = instance.fetch_observations(SALES, limit=50).records
    return [each.asset_observation.metadata["mesh/score"].value for each in reversed(records)]


def _told(mesh) -> int:
    document = json.loads(Mesh.open(mesh.root).documents.read("shop/discovery.json"))
    return document["products"][0]["score"]["overall"]


def test_a_location_shows_what_was_told_and_scores_nothing(mesh, tick, monkeypatch) -> None:
    assert "mesh/score" not in _metadata(mesh)
    opened = Mesh.open(mesh.root)
    run_outside(opened, load_product(mesh.folder("shop", "sales")), [DAY])
    tick()

    def refuse(*_):
        raise AssertionError("nothing is scored where a location loads")

    monkeypatch.setattr("mesh_dagster.scoring.score.score", refuse)
    monkeypatch.setattr(Mesh, "journal", refuse)
    found = _metadata(mesh)
    assert found["mesh/score"] == _told(mesh)
    assert found["mesh/score_secure"] == 0
    assert "mesh/score_self_describing" in found
    assert found["mesh/score_rules"]


def test_a_score_is_observed_when_it_is_another(mesh, tick, instance) -> None:
    cursor = tick()
    before = _observed(instance)
    assert len(before) == 1
    run_outside(Mesh.open(mesh.root), load_product(mesh.folder("shop", "sales")), [DAY])
    cursor = tick(cursor)
    tick(cursor)
    assert _told(mesh) > before[0]
    assert len(_observed(instance)) <= 2


def test_a_document_that_tells_nonsense_keeps_no_location_from_loading(mesh, tick) -> None:
    tick()
    documents = Mesh.open(mesh.root).documents
    text = documents.read("shop/discovery.json").replace(b'"overall":', b'"overall":-')
    documents.write("shop/discovery.json", text)
    assert "mesh/score" not in _metadata(mesh)
