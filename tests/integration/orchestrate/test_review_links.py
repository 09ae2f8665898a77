"""From a check in Dagster to the decision: its command and its link are those of what waits now."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import pytest
import yaml

from mesh_dagster.descriptors.product import load_product
from mesh_dagster.errors import MeshError
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Action
from mesh_dagster.orchestrate.review_links import form, links_of
from mesh_dagster.products.deciding.decisions import audit_quarantined, decide
from mesh_dagster.products.deciding.reviewing import reviews_of
from mesh_dagster.products.mesh import Mesh

BAD = "2013-11-03"
SALES = dg.AssetKey(["shop", "sales", "v1"])
RULES = ("amount_range", "some")
WHO = Identity("owner@example.org", "environment", False, "MESH_USER", ("owner@example.org",))


@pytest.fixture
def waiting(mesh, run):
    """A day that two rules stop."""
    _write(mesh, "severity: warning", "severity: error")
    run(mesh.definitions("shop"), SALES, partitions=(BAD,))
    return mesh


@pytest.fixture
def tick(waiting, instance):
    """One tick of the sensor, from where the last one ended; one has been."""
    cursors: list[str | None] = [None]

    def go_on() -> None:
        repository = waiting.definitions("shop").get_repository_def()
        context = dg.build_sensor_context(
            instance=instance, cursor=cursors[-1], repository_def=repository
        )
        cursors.append(repository.get_sensor_def("reviews").evaluate_tick(context).cursor)

    go_on()
    return go_on


def _write(mesh, old: str, new: str) -> None:
    (contract,) = mesh.folder("shop", "sales").glob("*.odcs.yaml")
    text = contract.read_text()
    assert old in text
    contract.write_text(text.replace(old, new))


def _of(mesh):
    return Mesh.open(mesh.root), load_product(mesh.folder("shop", "sales"))


def _review(mesh):
    (found,) = reviews_of(Mesh.open(mesh.root), "shop")
    return found


def _decide(mesh, action: Action, **rest: object) -> None:
    decide(*_of(mesh), _review(mesh), action, [WHO], why="returns", **rest)


def _audit(mesh) -> None:
    audit_quarantined(*_of(mesh))


def _release_what_is_gone(mesh) -> None:
    files = list(mesh.root.glob("storage/**/data/**/*.parquet"))
    for each in files:
        each.rename(each.with_suffix(".away"))
    with pytest.raises(MeshError):
        _decide(mesh, Action.RELEASE)
    for each in files:
        each.with_suffix(".away").rename(each)


def _check(instance, rule: str) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(SALES, rule)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    return record.event.asset_check_evaluation


@pytest.mark.parametrize(
    "happen",
    [
        lambda mesh: _decide(mesh, Action.WAIVE, rules=["some"]),
        lambda mesh: _decide(mesh, Action.REAUDIT),
        lambda mesh: _decide(mesh, Action.ACKNOWLEDGE),
        _audit,
        _release_what_is_gone,
    ],
    ids=["one rule is waived", "audited again", "known", "the gate asked", "a failed release"],
)
def test_after_a_decision_each_check_of_what_waits_says_the_id_that_it_has_now(
    happen, waiting, instance, tick
) -> None:
    before = _review(waiting).id
    assert {_check(instance, rule).metadata["review"].value for rule in RULES} == {
        f"mesh review show {before}"
    }
    happen(waiting)
    now = _review(waiting).id
    assert now != before
    tick()
    links = links_of(*_of(waiting), "shop")
    for rule in RULES:
        assert links.id("", rule, BAD) == now
        assert _check(instance, rule).metadata["review"].value == f"mesh review show {now}"


def test_an_audit_with_the_corrected_contract_tells_what_fails_and_what_holds_since(
    waiting, instance, tick
) -> None:
    _write(waiting, "mustBeGreaterThan: 1", "mustBeGreaterThan: 0")
    _audit(waiting)
    tick()
    assert _check(instance, "some").passed
    _write(waiting, "mustBeGreaterThan: 0", "mustBeGreaterThan: 2")
    _audit(waiting)
    tick()
    told = _check(instance, "some")
    assert not told.passed
    assert told.metadata["review"].value == f"mesh review show {_review(waiting).id}"


@pytest.mark.parametrize(
    "value",
    [
        "JFK\nops: {decide: {config: {decision: release}}}",
        "a\r\x85\u2028\u2029b: c",
        "\x00\x1b[2J\x7f",
    ],
)
def test_a_value_of_the_data_is_a_comment_in_the_form_whatever_it_holds(waiting, value) -> None:
    review = _review(waiting)
    told = replace(review, summary=f"1 of 3 is missing: {value}", covers=(("a", value),))
    text = form(told)
    assert yaml.safe_load(text) == yaml.safe_load(form(review))
    assert all(each.isprintable() for each in text.replace("\n", ""))
