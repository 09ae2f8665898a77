"""Of any outbox what goes out is the head of each line, together what belongs together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.alerts.compose import MOST_EVENTS, messages_due
from mesh_dagster.journal.letters import Pending
from mesh_dagster.model.notification import Patience

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = Patience(group=30, cool_down=3600)


def pending(
    event, product="a", *, channel="hook", to="x", cause=None, topic="t", age=60, told=None
):
    noticed = NOW - timedelta(seconds=age)
    told_at = None if told is None else NOW - timedelta(seconds=told)
    return Pending(event, channel, to, product, topic, cause or product, noticed, told_at)


anything = st.lists(
    st.builds(
        lambda product, to, cause, age, told: (product, to, cause, age, told),
        st.sampled_from("abc"),
        st.sampled_from(["anna", "ben"]),
        st.sampled_from(["a", "b", "up"]),
        st.integers(0, 120),
        st.none() | st.integers(0, 7200),
    ),
    max_size=60,
)


@given(anything)
def test_each_message_is_of_one_recipient_and_one_cause_and_keeps_every_line_in_order(given_):
    waiting = [
        pending(n, product, to=to, cause=cause, age=age, told=told)
        for n, (product, to, cause, age, told) in enumerate(given_)
    ]
    groups = list(messages_due(waiting, PATIENCE, NOW))
    lines = {}
    for each in waiting:
        lines.setdefault(each.line, []).append(each.event)
    gone = {}
    for group in groups:
        assert len({(each.channel, each.recipient, each.cause) for each in group}) == 1
        assert [each.event for each in group] == sorted(each.event for each in group)
        assert len(group) <= MOST_EVENTS
        for each in group:
            gone.setdefault(each.line, []).append(each.event)
    assert all(lines[line][: len(events)] == events for line, events in gone.items())


@given(anything)
def test_with_time_everything_goes(given_):
    waiting = [
        pending(n, product, to=to, cause=cause, age=age, told=told)
        for n, (product, to, cause, age, told) in enumerate(given_)
    ]
    later = NOW + timedelta(days=1)
    for _ in range(len(waiting) + 1):
        for group in list(messages_due(waiting, PATIENCE, later)):
            waiting = [each for each in waiting if each not in group]
    assert waiting == []


def test_the_first_of_a_cause_waits_for_others():
    assert list(messages_due([pending(1, age=29)], PATIENCE, NOW)) == []
    (both,) = messages_due([pending(1, age=31), pending(2, age=0)], PATIENCE, NOW)
    assert len(both) == 2


def test_a_cause_that_brings_a_full_message_waits_no_longer():
    many = [pending(n, f"p{n}", cause="up", age=0) for n in range(MOST_EVENTS + 5)]
    (group,) = messages_due(many, PATIENCE, NOW)
    assert len(group) == MOST_EVENTS


def test_what_cools_down_goes_with_the_next_news_of_its_product_only():
    cooling = pending(1, told=100)
    assert list(messages_due([cooling], PATIENCE, NOW)) == []
    assert list(messages_due([cooling, pending(2, "b")], PATIENCE, NOW)) == [[pending(2, "b")]]
    news = pending(2, topic="other")
    assert list(messages_due([cooling, news], PATIENCE, NOW)) == [[cooling, news]]
    assert list(messages_due([pending(1, told=3601)], PATIENCE, NOW)) == [[pending(1, told=3601)]]


def test_a_clock_that_was_set_back_keeps_nobody_waiting():
    year = 366 * 86_400
    assert list(messages_due([pending(1, age=-year)], PATIENCE, NOW))
    assert list(messages_due([pending(1, told=-year)], PATIENCE, NOW))


def test_a_pause_longer_than_the_calendar_is_a_long_one():
    ever = Patience(group=1e300, cool_down=1e300)
    assert not list(messages_due([pending(1)], ever, NOW))
    assert not list(messages_due([pending(1, told=60)], ever, NOW))
