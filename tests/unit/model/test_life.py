"""The life of a product is one machine: a step at a time, upwards, and never out of its end."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.model.address import Address
from mesh_dagster.model.life import (
    NEEDS,
    REMINDERS,
    Evidence,
    Move,
    Need,
    life_of,
    missing,
    moved,
    reminder,
)
from mesh_dagster.model.product import STATED, Archetype, Product, Stage, Status

ACTIVE = (Stage.DRAFT, Stage.ALPHA, Stage.BETA, Stage.STABLE)


def product(status: Status, stage: Stage) -> Product:
    return Product(Address("air", "flights", 1), "1.0.0", status, Archetype.AGGREGATE, stage)


@given(st.sampled_from(Status), st.sampled_from(STATED))
def test_every_status_and_stage_is_one_place_in_a_life(status: Status, stage: Stage) -> None:
    expected = {
        Status.PROPOSED: Stage.DRAFT,
        Status.DRAFT: Stage.DRAFT,
        Status.ACTIVE: stage,
        Status.DEPRECATED: Stage.DEPRECATED,
        Status.RETIRED: Stage.RETIRED,
    }
    assert life_of(product(status, stage)) is expected[status]


@given(st.lists(st.sampled_from(Move), max_size=12))
def test_whatever_an_owner_does_a_life_goes_on_one_step_at_a_time(made: list[Move]) -> None:
    stage, seen = Stage.DRAFT, [Stage.DRAFT]
    for move in made:
        after = moved(stage, move)
        if after is None:
            continue
        stage = after
        seen.append(after)
    order = list(Stage)
    places = [order.index(each) for each in seen]
    assert places == sorted(set(places)), "nothing is come back to"
    active = [each for each in seen if each in ACTIVE]
    assert active == list(ACTIVE[: len(active)]), "no stage is left out on the way up"
    if Stage.STABLE in seen and Stage.RETIRED in seen:
        assert Stage.DEPRECATED in seen, "what was stable is deprecated first"


def test_every_place_can_be_reached_and_only_the_last_is_an_end() -> None:
    reached, to_see = {Stage.DRAFT}, [Stage.DRAFT]
    while to_see:
        stage = to_see.pop()
        found = {after for move in Move if (after := moved(stage, move)) is not None}
        assert bool(found) is (stage is not Stage.RETIRED)
        to_see += found - reached
        reached |= found
    assert reached == set(Stage)


def test_only_a_promotion_leads_up() -> None:
    order = list(ACTIVE)
    for stage in ACTIVE:
        for move in (Move.DEPRECATE, Move.RETIRE):
            assert moved(stage, move) in (None, Stage.DEPRECATED, Stage.RETIRED)
        above = moved(stage, Move.PROMOTE)
        assert above is (None if stage is Stage.STABLE else order[order.index(stage) + 1])


found = st.lists(st.builds(Evidence, st.sampled_from(Need), st.booleans(), st.just("seen")))
targets = st.sampled_from(sorted(NEEDS))


@given(targets, found, st.sampled_from(Need))
def test_more_evidence_never_makes_more_missing(
    stage: Stage, known: list[Evidence], need: Need
) -> None:
    before = missing(stage, known)
    after = missing(stage, [*known, Evidence(need, True, "seen")])
    assert set(after) == set(before) - {need}
    assert after == tuple(each for each in before if each in after)


@given(targets, found)
def test_what_is_missing_is_what_a_stage_asks_for_and_nobody_found(
    stage: Stage, known: list[Evidence]
) -> None:
    there = {each.need for each in known if each.there}
    assert set(missing(stage, known)) == set(NEEDS[stage]) - there


def test_each_stage_asks_for_all_that_the_one_before_does() -> None:
    asked = [set(NEEDS[stage]) for stage in (Stage.ALPHA, Stage.BETA, Stage.STABLE)]
    assert asked == sorted(asked, key=len)
    assert all(lower < higher for lower, higher in pairwise(asked))


days = st.integers(0, 400)


@given(days, days)
def test_readers_are_reminded_of_the_nearest_step_that_came_since_they_were_told(
    left: int, before: int
) -> None:
    today = date(2014, 1, 1)
    sunset, told = today + timedelta(days=left), today - timedelta(days=before)
    due = reminder(sunset, today, told)
    if due is None:
        assert left > max(REMINDERS) or told >= sunset - timedelta(
            days=min(each for each in REMINDERS if each >= left)
        )
    else:
        assert due in REMINDERS
        assert due >= left
        assert not [each for each in REMINDERS if left <= each < due]
        assert told < sunset - timedelta(days=due) <= today


def test_nobody_is_reminded_of_what_is_over() -> None:
    assert reminder(date(2014, 1, 1), date(2014, 1, 2), None) is None
