"""People hear once of one thing: grouped by cause, cooled down, and never less than all of it."""

from __future__ import annotations


def test_one_upstream_breach_that_hits_nine_products_is_one_message_a_person(world, hook, event):
    world.hooked(group="0s")
    world.put(*(event(f"{n}", f"shop/p{n}/v1", cause="weather/observations/v1") for n in range(9)))
    world.tell()
    (body,) = hook.accepted
    assert len(body["alerts"]) == 9
    assert body["subject"].startswith("9 alerts about weather/observations/v1: ")


def test_the_first_of_a_cause_waits_for_the_others(world, hook, event):
    world.hooked(group="1h")
    world.put(event("a"))
    world.tell()
    assert hook.accepted == []
    world.hooked(group="0s")
    world.put(event("b"))
    world.tell()
    assert [len(each["alerts"]) for each in hook.accepted] == [2]


def test_the_same_topic_again_waits_until_it_has_cooled_down(world, hook, event):
    world.hooked(coolDown="1h")
    world.put(event("first"))
    world.tell()
    world.put(event("second"))
    world.tell()
    assert [each["summary"] for each in hook.alerts()] == ["shop/sales/v1: first"]
    world.hooked(coolDown="0s")
    world.tell()
    assert [each["summary"] for each in hook.alerts()][1:] == ["shop/sales/v1: second"]


def test_what_is_news_takes_along_what_was_held_before_it(world, hook, event):
    world.hooked(coolDown="1h")
    world.put(event("first", objective="freshness"))
    world.tell()
    world.put(event("again", objective="freshness"), event("else", objective="completeness"))
    world.tell()
    told = [[each["summary"][-5:] for each in body["alerts"]] for body in hook.accepted]
    assert told == [["first"], ["again", " else"]]


def test_owners_for_whom_nothing_is_configured_are_told_by_the_log(world, event, caplog):
    world.configure(group="0s")
    world.put(event("a"))
    with caplog.at_level("WARNING", logger="mesh_dagster.alerts"):
        assert world.tell().sent.delivered == 1
    assert "to shop: shop/sales/v1: a" in caplog.text


def test_a_domain_that_says_who_hears_is_believed_before_the_mesh(world, hook, event, caplog):
    world.hooked()
    world.configure_domain("shop", notifications={"owners": ["log"]})
    world.put(event("a"))
    world.tell()
    assert hook.accepted == []
    assert "shop/sales/v1: a" in caplog.text
