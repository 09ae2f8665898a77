"""Finding products by words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.discovery import About, ExampleQuery, Facts, LevelStanding
from mesh_dagster.model.product import (
    Archetype,
    InputPort,
    Member,
    OutputPort,
    Product,
    Stage,
    Status,
)
from mesh_dagster.model.slo import Status as LevelStatus
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import entry_of, line
from mesh_dagster.registry.index import Index
from mesh_dagster.registry.ranking import liking, weight
from mesh_dagster.registry.search import Filters, Found, search
from mesh_dagster.registry.spelling import distance
from mesh_dagster.registry.writing import write_document


def product(path: str, purpose: str, *columns: Property, **more: Any) -> Described:
    address = Address.parse(path)
    reads = tuple(
        InputPort(f"in{at}", "1.0.0", Address.parse(each))
        for at, each in enumerate(more.pop("reads", ()))
    )
    level = more.pop("level", None)
    queries = more.pop("queries", ())
    stated = Product(
        address,
        "1.0.0",
        more.pop("status", Status.ACTIVE),
        more.pop("archetype", Archetype.AGGREGATE),
        purpose=purpose,
        inputs=reads,
        outputs=(OutputPort(address.product, "1.0.0", address),),
        **more,
    )
    table = SchemaObject(address.product, columns or (Property("day"),))
    contract = Contract(str(address), "1.0.0", Status.ACTIVE, (table,))
    levels = () if level is None else (_level(level),)
    return Described(stated, {"": contract}, None, Facts(levels=levels, queries=queries))


def _level(status: LevelStatus) -> LevelStanding:
    from datetime import timedelta

    return LevelStanding("freshness", "", 0.99, timedelta(days=30), status)


MESH = [
    product(
        "flights/departures/v1",
        "Every scheduled departure from New York, when it left.",
        Property("dep_delay", description="Minutes it left late."),
        Property("carrier", entity="carrier"),
        archetype=Archetype.SOURCE_ALIGNED,
        stage=Stage.STABLE,
        tags=("operations", "delays"),
        members=(Member("grace.liu@nycair.example", "owner", "Grace Liu"),),
        queries=(ExampleQuery("late", "select 1", "Who leaves late most often?"),),
        level=LevelStatus.MET,
    ),
    product(
        "punctuality/route_delays/v1",
        "How punctual each carrier was on each route.",
        Property("carrier", entity="carrier"),
        reads=["mesh://flights/departures"],
        level=LevelStatus.BREACHED,
    ),
    product("journeys/delay_risk/v1", "Whether a flight will be late.", tags=("delays",)),
    product("weather/gusts/v1", "How strong each squall was, and where and when it was."),
    product("weather/storms/v1", "Storms.", Property("squall", description="A squall or squalls.")),
    product("fleet/aircraft/v1", "What every aircraft is.", Property("tailnum", entity="aircraft")),
    product("fleet/old_aircraft/v1", "What every aircraft was.", status=Status.RETIRED),
    *(
        product(f"readers/reader{each}/v1", "Reads.", reads=["mesh://flights/departures/v1"])
        for each in range(3)
    ),
]


@pytest.fixture
def index(storage: Storage, tmp_path: Path) -> Iterator[Index]:
    for domain in {each.domain for each in MESH}:
        entries = {
            each.product.address.path: line(entry_of(each))
            for each in MESH
            if each.domain == domain
        }
        write_document(storage, About(domain), lambda _, entries=entries: entries)
    with Index(tmp_path / "index.db", storage) as found:
        found.refresh()
        yield found


def find(index: Index, terms: str, limit: int = 20, **filters: Any) -> Found:
    return index.ask(lambda connection: search(connection, terms, Filters(**filters), limit))


def paths(found: Found) -> list[str]:
    return [each.path for each in found.hits]


@pytest.mark.parametrize(
    ("terms", "best"),
    [
        ("departures", "flights/departures/v1"),
        ("Departure", "flights/departures/v1"),
        ("depart", "flights/departures/v1"),
        ("dep_delay", "flights/departures/v1"),
        ("New York", "flights/departures/v1"),
        ("minutes late", "flights/departures/v1"),
        ("leaves often", "flights/departures/v1"),
        ("grace liu", "flights/departures/v1"),
        ("operations", "flights/departures/v1"),
        ("delay risk", "journeys/delay_risk/v1"),
        ("punctual", "punctuality/route_delays/v1"),
        ("carrier route", "punctuality/route_delays/v1"),
        ("mesh://fleet/aircraft/v1", "fleet/aircraft/v1"),
    ],
)
def test_a_product_is_found_by_whatever_is_said_of_it(index: Index, terms: str, best: str) -> None:
    assert paths(find(index, terms))[0] == best


@pytest.mark.parametrize(
    ("typed", "meant", "best"),
    [
        ("departrues", ("departur",), "flights/departures/v1"),
        ("carier", ("carrier",), "flights/departures/v1"),
        ("aircarft", ("aircraft",), "fleet/aircraft/v1"),
        ("punctualty", ("punctual",), "punctuality/route_delays/v1"),
    ],
)
def test_a_typing_error_is_found_and_told(
    index: Index, typed: str, meant: tuple[str, ...], best: str
) -> None:
    found = find(index, typed)
    assert found.corrected == {typed: meant}
    assert best in paths(found)[:2]


def test_what_nobody_means_finds_nothing(index: Index) -> None:
    found = find(index, "zyzzyva")
    assert (found.hits, found.total, found.corrected) == ((), 0, {})


def test_it_tells_where_the_words_are(index: Index) -> None:
    (hit, *_) = find(index, "late carrier").hits
    assert hit.path == "flights/departures/v1"
    assert hit.why == {
        "columns": ("carrier",),
        "descriptions": ("Minutes it left late.",),
        "queries": ("late", "Who leaves late most often?"),
        "entities": ("carrier",),
    }


def test_all_words_come_before_some(index: Index) -> None:
    found = paths(find(index, "aircraft tailnum"))
    assert found[0] == "fleet/aircraft/v1"
    assert "fleet/old_aircraft/v1" in found


def test_of_very_many_that_match_those_come_first_that_are_about_it(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths(find(index, "squall")) == ["weather/storms/v1", "weather/gusts/v1"]
    monkeypatch.setattr("mesh_dagster.registry.search._MANY", 1)
    found = find(index, "squall", limit=1)
    assert (paths(found), found.total) == (["weather/gusts/v1"], 2)
    assert paths(find(index, "squall", limit=2))[0] == "weather/storms/v1", "too few are about it"


def test_what_is_used_and_well_comes_first(index: Index) -> None:
    found = find(index, "carrier")
    assert paths(found) == ["flights/departures/v1", "punctuality/route_delays/v1"]
    assert [(each.readers, each.slo) for each in found.hits] == [(4, "met"), (0, "breached")]
    assert paths(find(index, "aircraft")) == ["fleet/aircraft/v1", "fleet/old_aircraft/v1"]


def test_of_two_that_match_alike_the_better_one_comes_first(index: Index) -> None:
    """A score moves a product a little: what its domain says of itself is worth no promise kept."""
    assert (
        weight(0, "", "active", "", 100)
        > weight(0, "", "active", "")
        > weight(0, "", "active", "", 0)
    )
    assert weight(0, "", "active", "", 50) == weight(0, "", "active", "")
    assert weight(0, "breached", "active", "", 100) < weight(0, "met", "active", "", 0)


_SOME = st.tuples(
    st.integers(0, 1000),
    st.sampled_from(["", *LevelStatus]),
    st.sampled_from(["active", "draft", "proposed"]),
    st.sampled_from(["", "alpha", "beta", "stable"]),
    st.none() | st.integers(0, 100),
)


@given(_SOME, _SOME, st.integers(0, 1000))
def test_of_those_that_match_alike_deprecated_ones_come_last_and_retired_ones_after_them(
    one: tuple[Any, ...], other: tuple[Any, ...], times: int
) -> None:
    """However used and good they are, and however often whoever searches has read them."""

    def weighs(status: str) -> float:
        readers, slo, _, stage, score = one
        return weight(readers, slo, status, stage, score)

    readers, slo, status, stage, score = other
    assert weighs("deprecated") * liking(times) < weight(readers, slo, status, stage, score)
    assert weighs("retired") * liking(times) < weight(readers, slo, "deprecated", stage, score)


def test_what_one_has_read_lately_moves_up_among_what_matches_alike(index: Index) -> None:
    def found(uses: dict[str, int]) -> Found:
        return index.ask(lambda connection: search(connection, "delays", uses=uses))

    path = paths(found({}))[-1]
    unread, read = ({e.path: e for e in found(uses).hits}[path] for uses in ({}, {path: 40}))
    assert (unread.uses, read.uses) == (0, 40)
    assert unread.score < read.score < 1.5 * unread.score
    assert found({}) == found({"no/such/v1": 5}), "and nothing stays of who asked before"


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"domain": "fleet"}, {"fleet/aircraft/v1", "fleet/old_aircraft/v1"}),
        ({"archetype": "source-aligned"}, {"flights/departures/v1"}),
        ({"stage": "stable"}, {"flights/departures/v1"}),
        ({"tags": ("delays",)}, {"flights/departures/v1", "journeys/delay_risk/v1"}),
        ({"tags": ("delays", "operations")}, {"flights/departures/v1"}),
        ({"entities": ("aircraft",)}, {"fleet/aircraft/v1"}),
        ({"entities": ("carrier",), "kept": True}, {"flights/departures/v1"}),
        ({"domain": "nowhere"}, set()),
    ],
)
def test_filters_leave_what_they_say(index: Index, filters: dict[str, Any], left: set[str]) -> None:
    every = find(index, "", **filters)
    assert set(paths(every)) == left
    assert every.total == len(left)
    words = find(index, "aircraft departures delay", **filters)
    assert set(paths(words)) <= left


def test_no_more_are_given_than_were_asked_for(index: Index) -> None:
    found = find(index, "reader", limit=2)
    assert len(found.hits) == 2
    assert found.total == 3
    assert len(find(index, "", limit=2).hits) == 2


def test_a_flood_of_words_is_refused(index: Index) -> None:
    with pytest.raises(UsageError, match="17 words"):
        find(index, " ".join(f"w{each}" for each in range(17)))


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.text(max_size=40) | st.text(st.sampled_from("\"'*^(){}:-+ANDORNEAT a"), max_size=20))
def test_any_text_is_answered(index: Index, terms: str) -> None:
    found = find(index, terms)
    assert len(found.hits) <= 20


def test_a_product_that_is_told_anew_is_found_by_its_new_words_only(
    index: Index, storage: Storage
) -> None:
    assert paths(find(index, "risk")) == ["journeys/delay_risk/v1"]
    known = next(each for each in MESH if each.domain == "journeys")
    stated = replace(known.product, purpose="Quokkas at the gate.", tags=())
    entry = line(entry_of(replace(known, product=stated)))
    write_document(storage, About("journeys"), lambda _: {known.product.address.path: entry})
    index.refresh()
    assert paths(find(index, "quokka")) == ["journeys/delay_risk/v1"]
    assert paths(find(index, "quoka")) == ["journeys/delay_risk/v1"]
    assert paths(find(index, "flight late")) == ["flights/departures/v1"]


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("delay", "daley", 2), ("ab", "b", 1)],
)
def test_letters_that_differ_are_counted(one: str, other: str, far: int) -> None:
    assert distance(one, other) == distance(other, one) == far


def test_a_hit_is_called_without_its_major_where_that_means_it(
    storage: Storage, tmp_path: Path
) -> None:
    majors = {9: Status.ACTIVE, 10: Status.ACTIVE, 11: Status.DRAFT, 1: Status.DEPRECATED}
    told = [product(f"sea/ships/v{n}", "Ships.", status=each) for n, each in majors.items()]
    told += [product("sea/boats/v2", "Ships, but small.")]
    entries = {each.product.address.path: line(entry_of(each)) for each in told}
    write_document(storage, About("sea"), lambda _: entries)
    with Index(tmp_path / "index.db", storage) as found:
        found.refresh()
        for terms in ("ships", ""):
            assert {each.path: each.name for each in find(found, terms).hits} == {
                "sea/ships/v1": "sea/ships/v1",
                "sea/ships/v9": "sea/ships/v9",
                "sea/ships/v10": "sea/ships",
                "sea/ships/v11": "sea/ships/v11",
                "sea/boats/v2": "sea/boats",
            }
