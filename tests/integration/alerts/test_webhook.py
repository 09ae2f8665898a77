"""Alerts arrive, whatever the other side does: once where it can be, in order always."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from mesh_dagster import clock


def sent(world, rounds=60):
    """Tell until nothing waits."""
    for _ in range(rounds):
        done = world.tell()
        if not any(told.state == "waiting" for each in world.alerts() for told in each.told):
            return done
        time.sleep(0.06)
    raise AssertionError("something still waits")


def test_an_alert_arrives_with_an_idempotency_key(world, hook, event):
    world.hooked()
    world.put(event("late", details={"rules": [{"rule": "r", "message": "3 of 10 are late"}]}))
    assert world.tell().sent.delivered == 1
    (body,) = hook.accepted
    assert body["to"] == "shop"
    assert body["id"] == hook.keys[0]
    assert body["alerts"][0]["summary"] == "shop/sales/v1: late"
    assert "3 of 10 are late" in body["text"]
    assert world.tell().sent.delivered == 0, "it was told"


def test_a_server_that_fails_gets_the_same_message_with_the_same_key_again(world, hook, event):
    hook.answer = lambda n: 503 if n < 3 else 200
    world.hooked()
    world.put(event("a"))
    sent(world)
    assert len(hook.requests) == 4
    assert len({each["Idempotency-Key"] for each in hook.requests}) == 1
    assert len(hook.accepted) == 1


def test_an_answer_that_is_lost_costs_a_duplicate_that_can_be_told(world, hook, servers, event):
    hook.answer = lambda n: servers.LOSE if n == 0 else servers.OK
    world.hooked()
    world.put(event("a"))
    sent(world)
    assert len(hook.accepted) == 2
    assert len(set(hook.keys)) == 1
    assert len(hook.alerts()) == 1


def test_of_one_product_alerts_arrive_in_order_while_the_server_fails(world, hook, servers, event):
    answers = [503, servers.OK, servers.DROP, servers.LOSE, 429]
    hook.answer = lambda n: answers[n % len(answers)]
    world.hooked()
    products = [f"shop/p{n}/v1" for n in range(5)]
    for number in range(12):
        world.put(*(event(f"{path} {number:02}", path, cause=f"{number}") for path in products))
    sent(world)
    told = defaultdict(list)
    for alert in hook.alerts():
        told[alert["product"]].append(alert["summary"])
    assert {path: len(each) for path, each in told.items()} == dict.fromkeys(products, 12)
    assert all(each == sorted(each) for each in told.values())


def test_a_server_that_hangs_holds_up_no_other_channel_and_comes_back(
    world, hook, servers, event, monkeypatch
):
    other = servers.Hook()
    monkeypatch.setenv("OTHER_URL", other.url)
    hook.answer = lambda _: servers.HANG
    channels = {
        "hook": {"type": "webhook", "url": "${HOOK_URL}"},
        "other": {"type": "webhook", "url": "${OTHER_URL}"},
    }
    world.hooked(channels=channels, owners=["hook", "other"], timeout="5s")
    world.put(*(event(f"{n}", f"shop/p{n}/v1") for n in range(40)))
    done = world.tell(seconds=120)
    assert done.sent.delivered == 40, "the other channel has them all"
    assert len(other.alerts()) == 40
    assert len(hook.requests) < 40, "and the one that hangs was not asked for all"
    hook.over.set()
    hook.answer = lambda _: servers.OK
    sent(world)
    assert len(hook.alerts()) == 40
    other.close()


def test_a_server_that_is_slower_than_a_try_may_take_is_waited_for_as_its_channel_says(
    world, hook, event
):
    answer = hook.answer

    def slowly(number):
        hook.over.wait(1)
        return answer(number)

    hook.answer = slowly
    channels = {"hook": {"type": "webhook", "url": "${HOOK_URL}", "timeout": 100}}
    world.hooked(channels=channels, timeout="100ms")
    world.put(event("a"))
    assert str(world.tell().sent) == "1 delivered, 0 to be tried again, 0 given up"
    assert len(hook.requests) == 1
    (told,) = world.alerts()[0].told
    assert (told.state, told.tries) == ("delivered", 1)


def test_a_server_that_is_silent_for_longer_than_its_channel_says_gave_no_answer(
    world, hook, servers, event
):
    hook.answer = lambda _: servers.HANG
    channels = {"hook": {"type": "webhook", "url": "${HOOK_URL}", "timeout": 0.2}}
    world.hooked(channels=channels)
    world.put(*(event(f"{n}", f"shop/p{n}/v1") for n in range(40)))
    world.tell()
    assert len(hook.requests) < 40, "it is left alone"
    assert {"NoAnswer: no answer: timed out"} == {
        told.error for each in world.alerts() for told in each.told if told.error
    }


def test_a_refusal_is_a_dead_letter_that_lets_the_next_pass(world, hook, event):
    hook.answer = lambda n: 404 if n == 0 else 200
    world.hooked()
    world.put(event("a", cause="1"), event("b", cause="2"))
    assert str(world.tell().sent) == "1 delivered, 0 to be tried again, 1 given up"
    (dead,) = world.alerts(dead=True)
    assert dead.event.key == "a"
    assert "HTTP 404" in dead.told[0].error
    with world.mesh.journal("shop") as journal:
        assert journal.outbox.try_again() == 1
    world.tell()
    assert [each["summary"] for each in hook.alerts()] == ["shop/sales/v1: b", "shop/sales/v1: a"]


def test_what_cannot_be_delivered_for_long_enough_is_given_up(world, hook, event, monkeypatch):
    hook.answer = lambda _: 500
    world.hooked(retry={"first": "50m", "longest": "50m", "giveUp": "2h"})
    world.put(event("a"))
    for hours in range(3):
        assert world.alerts(dead=True) == []
        moment = datetime.now(UTC) + timedelta(hours=hours)
        monkeypatch.setattr(clock, "wall", lambda moment=moment: moment)
        world.tell()
    (dead,) = world.alerts(dead=True)
    assert dead.told[0].tries == 3


def test_a_server_that_asks_for_time_gets_it(world, hook, event):
    hook.answer = lambda _: 429
    hook.headers["Retry-After"] = "3600"
    world.hooked(retry={"first": "1ms", "longest": "2h"})
    world.put(event("a"))
    for _ in range(3):
        world.tell()
        time.sleep(0.01)
    assert len(hook.requests) == 1


def test_a_redirect_is_no_delivery(world, hook, event):
    hook.answer = lambda _: 302
    hook.headers["Location"] = hook.url
    world.hooked()
    world.put(event("a"))
    assert world.tell().sent.dead == 1
    assert hook.accepted == []


def test_the_secret_of_a_webhook_is_in_nothing_that_is_kept(world, hook, event, servers):
    hook.answer = lambda _: servers.DROP
    world.hooked()
    world.put(event("a"))
    world.tell()
    hook.close()
    time.sleep(0.06)
    world.tell()
    (alert,) = world.alerts()
    assert alert.told[0].error
    assert "secret" not in alert.told[0].error


def test_without_the_variable_alerts_wait_and_nothing_is_lost(world, hook, event, monkeypatch):
    url = hook.url
    monkeypatch.delenv("HOOK_URL")
    world.hooked()
    world.put(event("a"))
    assert world.tell().sent.failed == 1
    (alert,) = world.alerts()
    assert "needs HOOK_URL" in alert.told[0].error
    monkeypatch.setenv("HOOK_URL", url)
    sent(world)
    assert len(hook.alerts()) == 1


def test_two_senders_at_once_send_each_message_once(world, hook, event):
    import threading

    world.hooked()
    world.put(*(event(f"{n:03}", f"shop/p{n % 50}/v1", cause=f"{n}") for n in range(300)))
    both = [threading.Thread(target=world.tell) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(hook.accepted) == len(hook.alerts()) == 300


def test_what_a_server_repeats_of_the_secret_is_not_kept(world, hook, event):
    hook.answer = lambda _: 404
    hook.says = "Cannot POST /T0/B0/secret"
    world.hooked()
    world.put(event("a"))
    world.tell()
    (told,) = world.alerts()[0].told
    assert told.state == "dead"
    assert "Cannot POST" in told.error
    assert "secret" not in told.error
