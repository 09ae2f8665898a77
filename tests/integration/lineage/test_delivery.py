"""Run events arrive in the order of their run, once the other side takes them; none is lost."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta

import pytest

from mesh_dagster import clock

BOTH = ["START", "COMPLETE"]


def ended(world):
    """Deliver until nothing waits."""
    until = time.monotonic() + 240
    while world.health().waiting:
        assert time.monotonic() < until, "something still waits"
        world.deliver()
        time.sleep(0.02)


def test_a_materialization_arrives_as_it_was_recorded(world, backend):
    world.posts_to(backend)
    attempt = world.make("shop/sales/v1")
    done = world.deliver()
    assert done.whole
    assert done.sent["backend"].delivered == 2
    assert backend.states == {attempt.id: BOTH}
    assert backend.events[1] == world.recorded(attempt.id)
    assert backend.requests[0]["Content-Type"] == "application/json"


def test_nothing_goes_twice_where_it_arrived(world, backend):
    world.posts_to(backend)
    world.put(20)
    world.deliver()
    world.deliver()
    assert len(backend.taken) == 40


def test_connections_are_kept(world, backend):
    world.posts_to(backend)
    world.put(200)
    world.deliver()
    assert len(backend.taken) == 400
    assert backend.connections <= 8


def test_each_run_keeps_its_order_while_every_third_request_fails(world, backend):
    world.posts_to(backend)
    backend.answer = lambda number, event: 503 if number % 3 == 0 else backend_takes()
    ids = world.put(60)
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)
    assert all(count == 1 for count in Counter(backend.taken).values())


def backend_takes() -> int:
    return 201


def test_a_backend_that_is_down_is_left_alone_and_gets_all_when_it_is_back(world, backend):
    world.posts_to(backend)
    backend.answer = lambda number, event: 500
    ids = world.put(100)
    for _ in range(5):
        world.deliver()
        time.sleep(0.06)
    assert len(backend.requests) < 60, "it was not left alone"
    assert world.health().waiting == 200
    assert "HTTP 500" in world.health().error
    backend.answer = lambda number, event: 201
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)


def test_a_paused_sink_is_not_asked_before_its_time(world, backend):
    world.posts_to(backend)
    world.configure(
        sinks={"backend": {"type": "http", "url": backend.url}},
        retry={"first": "1h", "longest": "2h"},
    )
    backend.answer = lambda number, event: 500
    world.put(10)
    world.deliver()
    asked = len(backend.requests)
    assert "left alone" in world.deliver().sent["backend"].paused
    assert len(backend.requests) == asked


def test_what_failed_once_is_tried_again_after_the_first_pause(world, backend, monkeypatch):
    world.posts_to(backend)
    world.configure(
        sinks={"backend": {"type": "http", "url": backend.url}},
        retry={"first": "1h", "longest": "9h"},
    )
    backend.answer = lambda number, event: 500 if number == 0 else 201
    ids = world.put(1)
    world.deliver()
    later = clock.wall() + timedelta(minutes=59)
    monkeypatch.setattr(clock, "wall", lambda: later)
    world.deliver()
    assert len(backend.requests) == 1
    then = later + timedelta(minutes=2)
    monkeypatch.setattr(clock, "wall", lambda: then)
    world.deliver()
    assert backend.states == dict.fromkeys(ids, BOTH)


def test_retry_after_is_heeded(world, backend):
    world.configure(
        sinks={"backend": {"type": "http", "url": backend.url}},
        retry={"first": "10ms", "longest": "1h"},
    )
    backend.answer, backend.headers = lambda number, event: 429, {"Retry-After": "1200"}
    world.put(3)
    world.deliver()
    left = (world.health().until - clock.wall()).total_seconds()
    assert 1100 < left < 1201


def test_what_is_refused_is_given_up_with_the_reason_and_its_run_goes_on(world, backend):
    world.posts_to(backend)
    backend.answer = lambda number, event: 422 if event["eventType"] == "START" else 201
    ids = world.put(5)
    done = world.deliver()
    assert (done.sent["backend"].dead, done.sent["backend"].delivered) == (5, 5)
    assert backend.states == {run: ["COMPLETE"] for run in ids}
    assert "HTTP 422" in world.health().error
    assert "because" in world.health().error


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_nothing_is_given_up_for_a_wrong_password_or_a_wrong_place(world, backend, status):
    world.posts_to(backend)
    backend.answer = lambda number, event: status
    ids = world.put(30)
    world.deliver()
    assert world.health().dead == 0
    assert len(backend.requests) <= 16, "one answer says it of all"
    backend.answer = lambda number, event: 201
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)


def test_what_a_backend_repeats_of_a_secret_place_is_not_kept(world, backend, monkeypatch):
    monkeypatch.setenv("PLACE", f"{backend.url}?key=s3cr3t-k3y")
    world.configure(sinks={"backend": {"type": "http", "url": "${PLACE}"}})
    backend.answer = lambda number, event: 422
    world.put(1)
    world.deliver()
    assert "because" in world.health().error
    assert "s3cr3t" not in world.health().error


def test_a_server_that_hangs_keeps_nothing_from_going_on(world, backend, backends):
    world.posts_to(backend, timeout=0.3)
    ids = world.put(30)
    stuck = ids[0]
    hung: list[int] = []

    def answer(number, event):
        if event["run"]["runId"] == stuck and len(hung) < 2:
            hung.append(number)
            return backends.HANG
        return 201

    backend.answer = answer
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)


def test_a_sink_that_never_returns_is_left_behind(world, backend, backends):
    world.posts_to(backend, timeout=250)
    world.configure(
        sinks={"backend": {"type": "http", "url": backend.url, "timeout": 250}},
        timeout="300ms",
        retry={"first": "10ms", "longest": "50ms"},
    )
    ids = world.put(4)
    backend.answer = lambda number, event: backends.HANG
    begun = time.monotonic()
    world.deliver()
    assert time.monotonic() - begun < 120
    assert world.health().waiting == 8
    backend.answer = lambda number, event: 201
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)


def test_an_answer_that_is_lost_brings_the_same_bytes_again(world, backend, backends):
    world.posts_to(backend)
    backend.answer = lambda number, event: backends.LOSE if number % 4 == 1 else 201
    ids = world.put(40)
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)
    assert len(backend.taken) > 80, "nothing was sent twice, so nothing was tested"
    assert len(set(backend.taken)) == 80


def test_a_connection_that_breaks_is_no_end(world, backend, backends):
    world.posts_to(backend)
    backend.answer = lambda number, event: backends.DROP if number % 5 == 0 else 201
    ids = world.put(40)
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)


def test_bodies_are_packed_where_that_is_wanted(world, backend):
    world.posts_to(backend, compression="gzip")
    attempt = world.make("shop/sales/v1")
    world.deliver()
    assert backend.requests[0]["Content-Encoding"] == "gzip"
    assert backend.events[1] == world.recorded(attempt.id)


def test_a_token_is_sent_and_never_told(world, backend, monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cr3t")
    world.posts_to(backend, token="${TOKEN}")
    backend.answer = lambda number, event: 500
    world.put(2)
    world.deliver()
    assert backend.requests[0]["Authorization"] == "Bearer s3cr3t"
    monkeypatch.setenv("TOKEN", "s3cr3t\nX: y")
    time.sleep(0.1)
    world.deliver()
    assert "s3cr3t" not in str(world.health())


def test_two_senders_at_once_send_nothing_twice(world, backend):
    from threading import Thread

    world.posts_to(backend)
    ids = world.put(150)
    senders = [Thread(target=world.deliver) for _ in range(3)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    ended(world)
    assert backend.states == dict.fromkeys(ids, BOTH)
    assert len(backend.taken) == 300


def test_one_sink_that_is_down_does_not_hold_up_another(world, backend, tmp_path):
    world.configure(
        sinks={
            "backend": {"type": "http", "url": backend.url},
            "disk": {"type": "file", "path": str(tmp_path / "out" / "{domain}.ndjson")},
        },
        retry={"first": "1h"},
    )
    backend.answer = lambda number, event: 503
    attempt = world.make("shop/sales/v1")
    world.deliver()
    lines = (tmp_path / "out" / "shop.ndjson").read_text().splitlines()
    assert [json.loads(line)["run"]["runId"] for line in lines] == [attempt.id] * 2
    assert world.health().waiting == 2


def test_a_torn_line_of_a_killed_sender_is_cut_off(world, tmp_path):
    file = tmp_path / "lineage.ndjson"
    file.write_bytes(b'{"whole": 1}\n' + b'{"torn": "' + b"x" * 100_000)
    world.configure(sinks={"backend": {"type": "file", "path": str(file)}})
    world.put(1)
    world.deliver()
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert found[0] == {"whole": 1}
    assert [each["eventType"] for each in found[1:]] == BOTH


def test_the_console_gets_a_line_an_event(world, capsys):
    world.configure(sinks={"backend": {"type": "console"}})
    (run,) = world.put(1)
    world.deliver()
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["run"]["runId"] for line in lines] == [run, run]


def test_a_sink_that_cannot_be_opened_is_a_problem_that_is_told(world, backend):
    world.configure(sinks={"backend": {"type": "http", "url": "ftp://x"}})
    world.put(1)
    done = world.deliver()
    assert not done.whole
    assert "http://" in done.problems[0]
    assert world.health().waiting == 2


def test_a_past_moment_knows_what_had_arrived_by_then(world, backend, monkeypatch):
    from mesh_dagster.products.keeping.service_levels import reports

    world.product("shop/sales/v1", levels=[{"property": "lineage", "value": 99, "unit": "percent"}])
    world.posts_to(backend)
    published, hour = clock.wall(), timedelta(hours=1)

    def bad(*hours):
        mesh = world.mesh
        loaded = mesh.load(mesh.own()[0].address)
        asked = (reports(mesh, [loaded], at=published + each * hour) for each in hours)
        return [report.standings[0].tally.bad for (report,) in asked]

    with clock.frozen(published):
        monkeypatch.setattr(clock, "wall", lambda: published)
        world.make("shop/sales/v1")
    with clock.frozen(published + 2 * hour):
        monkeypatch.setattr(clock, "wall", lambda: published + 2 * hour)
        assert bad(0.2, 1, 1.9, 2) == [0, 1, 1, 1]
        world.deliver()
        assert world.health().waiting == 0
        assert bad(0.2, 1, 1.9, 2) == [0, 1, 1, 0]
    with clock.frozen(published + 5 * hour):
        assert bad(0.2, 1, 1.9, 2, 5) == [0, 1, 1, 0, 0]


def test_the_service_level_of_lineage_is_kept_once_it_has_arrived(world, backend, monkeypatch):
    from mesh_dagster.journal import telling
    from mesh_dagster.products.keeping.service_levels import reports

    world.product("shop/sales/v1", levels=[{"property": "lineage", "value": 99, "unit": "percent"}])
    monkeypatch.setattr(telling, "_SOON", timedelta(0))
    world.posts_to(backend)
    backend.answer = lambda number, event: 500

    def kept():
        mesh = world.mesh
        (report,) = reports(mesh, [mesh.load(mesh.own()[0].address)])
        (standing,) = report.standings
        return standing.kept

    world.make("shop/sales/v1")
    world.deliver()
    assert kept() == 0
    backend.answer = lambda number, event: 201
    ended(world)
    assert kept() == 1
