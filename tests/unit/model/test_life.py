"""The life of a product is one machine: a step at a time, upwards, and never out of its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.model.address import Address
from mesh_dagster.model.life import Move, life_of, moved
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
