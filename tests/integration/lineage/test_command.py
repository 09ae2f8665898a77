"""`mesh lineage`: what people see, and by which code it ends."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from mesh_dagster import clock
from mesh_dagster.cli.root import run
from mesh_dagster.products.keeping.lineage_delivery import BEAT, EVERY


@pytest.fixture
def mesh(world, monkeypatch, capsys):
    """A function that runs a command line in the mesh: its code, what it found and what it said."""
    monkeypatch.chdir(world.root)

    def asked(*arguments: str):
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return asked


def test_without_a_sink_it_says_how_to_have_one(mesh):
    code, out, err = mesh("lineage", "status")
    assert (code, out) == (0, "")
    assert "`lineage` in mesh.yaml" in err
    assert mesh("lineage", "replay", "--since", "7d")[0] == 0
    assert "no sink is configured" in mesh("lineage", "publish", "--once")[2]


def test_status_tells_what_waits_what_arrived_and_what_was_refused(mesh, world, backend):
    world.posts_to(backend)
    world.put(2)
    code, out, _ = mesh("lineage", "status")
    assert code == 0
    assert "shop" in out
    backend.answer = lambda number, event: 400 if event["eventType"] == "START" else 201
    assert mesh("lineage", "publish", "--once")[0] == 1
    code, out, _ = mesh("lineage", "status")
    assert code == 1
    assert "refuses" in out
    assert "HTTP 400" in out
    code, out, _ = mesh("lineage", "status", "--json")
    (found,) = json.loads(out)
    assert (found["waiting"], found["delivered"], found["dead"]) == (0, 2, 2)


def test_status_tells_that_a_backend_gave_no_answer_when_it_was_last_tried(mesh, world, backend):
    sink = {"type": "http", "url": backend.url}
    world.configure(sinks={"backend": sink}, retry={"first": "1h", "longest": "1h"})
    world.put(2)
    backend.answer = lambda number, event: 503
    assert mesh("lineage", "publish", "--once")[0] == 1
    code, out, _ = mesh("lineage", "status", "--json")
    (found,) = json.loads(out)
    assert code == 1
    assert found["error"]
    assert found["state"] == "silent"


def test_what_was_given_up_is_replayed(mesh, world, backend):
    world.posts_to(backend)
    backend.answer = lambda number, event: 400
    world.put(2)
    mesh("lineage", "publish", "--once")
    backend.answer = lambda number, event: 201
    code, out, _ = mesh("lineage", "replay", "--dead")
    assert (code, out) == (0, "shop: 4 run events go to backend again\n")
    assert mesh("lineage", "publish", "--once")[0] == 0
    assert len(backend.taken) == 4


def test_a_replay_sends_the_same_bytes(mesh, world, backend):
    world.posts_to(backend)
    world.make("shop/sales/v1")
    mesh("lineage", "publish", "--once")
    mesh("lineage", "replay", "--since", "1h", "--sink", "backend")
    mesh("lineage", "publish", "--once")
    assert backend.taken[:2] == backend.taken[2:]
    assert len(backend.taken) == 4


def test_a_sink_that_is_configured_later_gets_the_past(mesh, world, backend):
    made = world.make("shop/sales/v1")
    world.posts_to(backend)
    assert mesh("lineage", "publish", "--once")[0] == 0
    assert backend.taken == []
    mesh("lineage", "replay", "--since", "2020-01-01T00:00Z")
    mesh("lineage", "publish", "--once")
    assert list(backend.states) == [made.id]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay"], "since when?"),
        (["replay", "--since", "yesterday"], "neither a moment"),
        (["replay", "--since", "999999w"], "neither a moment"),
        (["replay", "--since", "7d", "--sink", "bakend"], "did you mean `backend`"),
        (["status", "--domain", "shpo"], "did you mean `shop`"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(mesh, world, backend, arguments, told):
    world.posts_to(backend)
    code, _, err = mesh("lineage", *arguments)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_the_doctor_tells_of_a_backend_that_refuses_and_of_a_sensor_that_is_silent(
    mesh, world, backend
):
    world.posts_to(backend)
    backend.answer = lambda number, event: 422
    world.put(1)
    code, out, _ = mesh("doctor")
    assert code == 1
    assert "the lineage has never given a sign of life" in out
    mesh("lineage", "publish", "--once")
    out = mesh("doctor")[1]
    assert "MESH-L020" in out
    assert "HTTP 422" in out
    assert "the lineage has never" not in out


def test_the_doctor_misses_no_lineage_that_goes_nowhere(mesh, world):
    mesh("lineage", "publish", "--once")
    with world.mesh.journal("shop") as journal:
        journal.outbox.beats({BEAT: (clock.wall() - timedelta(hours=1), EVERY, None)})
    assert "the lineage has" not in mesh("doctor")[1]


def test_the_doctor_tells_of_a_variable_that_is_not_set(mesh, world, backend, monkeypatch):
    monkeypatch.delenv("MARQUEZ_TOKEN", raising=False)
    world.posts_to(backend, token="${MARQUEZ_TOKEN}")
    assert "the sink `backend` needs MARQUEZ_TOKEN" in mesh("doctor")[1]
    code, _, err = mesh("lineage", "status")
    assert code == 1
    assert "needs MARQUEZ_TOKEN, which this environment lacks\n  fix: export" in err
    assert "Error:" not in mesh("lineage", "publish", "--once")[2]
