"""Products are joined by what their contracts say is the same thing, and tested on their data."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_dagster.errors import UnknownAddress, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.ports import sql as sql_of_duckdb
from mesh_dagster.ports.sql import name_of
from mesh_dagster.products.reading.compose import Composed, compose
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.sql.process import Limits
from mesh_dagster.products.reading.uses import uses_of


def _of(entity: str, physical: str = "VARCHAR", **rest: Any) -> dict[str, Any]:
    custom = [{"property": "entity", "value": entity}]
    return {"physicalType": physical, "customProperties": custom, **rest}


@pytest.fixture
def air(shop: Any) -> Any:
    """Airports, flights between them with a declared destination, and a shop without entities."""
    shop.product(
        "network/airports/v1",
        {"faa": _of("airport"), "name": "VARCHAR"},
        {"faa": ["JFK", "LAX", "BOS"], "name": ["Kennedy", "Angeles", "Logan"]},
        key=["faa"],
    )
    to = [{"to": "network/airports/v1.yaml#schema/airports/properties/faa"}]
    shop.product(
        "air/flights/v1",
        {
            "flight": "BIGINT",
            "origin": _of("Airport "),
            "dest": _of("airport", relationships=to),
            "name": "VARCHAR",
        },
        {
            "flight": [1, 2, 3, 4],
            "origin": ["JFK", "JFK", "LAX", "LAX"],
            "dest": ["LAX", "BOS", "XXX", None],
            "name": ["a", "b", "c", "d"],
        },
        key=["flight"],
    )
    shop.product("shop/items/v1", {"item": "VARCHAR", "name": "VARCHAR"},
                 {"item": ["tea"], "name": ["x"]})  # fmt: skip
    for address in ("network/airports", "air/flights", "shop/items"):
        shop.make(address=address)
    return shop


def _composed(shop: Any, *addresses: str, **rest: Any) -> Composed:
    return compose(shop.mesh, [Address.read(each) for each in addresses], **rest)


def test_what_is_declared_comes_first_and_every_way_is_tested_on_the_data(air: Any) -> None:
    (step,) = _composed(air, "air/flights", "network/airports").steps
    declared, other = step.options
    assert [(each.left, each.right) for each in declared.way.on] == [("dest", "faa")]
    assert declared.way.declared
    assert declared.way.right_key
    tested = declared.tested
    assert tested is not None
    assert (tested.left_rows, tested.left_matched, tested.left_nulls) == (4, 2, 1)
    assert (tested.right_rows, tested.right_matched, tested.joined, tested.most) == (3, 2, 2, 1)
    assert (tested.left_share, tested.fan_out) == (0.5, 1.0)
    assert [(each.left, each.right) for each in other.way.on] == [("origin", "faa")]
    assert not other.way.declared
    assert other.tested is not None
    assert (other.tested.left_share, other.tested.right_share) == (1.0, 2 / 3)


def test_the_sql_runs_as_it_is_and_has_every_column_once(air: Any) -> None:
    composed = _composed(air, "air/flights", "network/airports")
    table = query(composed.sql, mesh=air.mesh)
    assert table.column_names == ["flight", "origin", "dest", "name", "faa", "airports_name"]
    rows = {row["flight"]: row["airports_name"] for row in table.to_pylist()}
    assert rows == {1: "Angeles", 2: "Logan", 3: None, 4: None}


def test_a_row_that_meets_many_is_told(air: Any) -> None:
    (step,) = _composed(air, "network/airports", "air/flights").steps
    declared, by_origin = step.options
    assert declared.way.left_key
    assert not declared.way.right_key
    assert by_origin.tested is not None
    assert (by_origin.tested.fan_out, by_origin.tested.most) == (2.0, 2)


def test_several_products_are_joined_each_to_the_one_it_fits(air: Any) -> None:
    air.product("air/pilots/v1", {"pilot": "VARCHAR", "home": _of("airport")},
                {"pilot": ["Ada"], "home": ["JFK"]}, key=["pilot"])  # fmt: skip
    air.make(address="air/pilots")
    composed = _composed(air, "air/flights", "air/pilots", "network/airports")
    assert [step.right.alias for step in composed.steps] == ["airports", "pilots"]
    assert query(composed.sql, mesh=air.mesh).num_rows == 4


def test_keys_of_one_name_join_along_with_entities(shop: Any) -> None:
    for name in ("sold", "planned"):
        columns = {"day": "DATE", "store": _of("store"), name: "BIGINT"}
        shop.product(f"shop/{name}/v1", columns, key=["day", "store"],
                     sql=f"select date '2013-11-01' + n::int as day, 's1' as store, n as {name} "
                         "from range(3) t(n)")  # fmt: skip
        shop.make(address=f"shop/{name}")
    (step,) = _composed(shop, "shop/sold", "shop/planned").steps
    best = step.options[0]
    assert {each.left for each in best.way.on} == {"day", "store"}
    assert best.way.left_key
    assert best.way.right_key
    assert best.tested is not None
    assert best.tested.fan_out == 1.0
    assert {each.left for each in step.options[-1].way.on} == {"store"}


def test_what_has_two_types_is_compared_as_text(shop: Any) -> None:
    shop.product("shop/a/v1", {"id": _of("thing", "BIGINT")}, {"id": [1, 2]})
    shop.product("shop/b/v1", {"code": _of("thing")}, {"code": ["1", "x"]})
    for name in ("a", "b"):
        shop.make(address=f"shop/{name}")
    composed = _composed(shop, "shop/a", "shop/b")
    assert "cast(a.id as varchar) = cast(b.code as varchar)" in composed.sql
    tested = composed.steps[0].options[0].tested
    assert tested is not None
    assert (tested.left_matched, tested.right_matched) == (1, 1)
    assert query(composed.sql, mesh=shop.mesh).num_rows == 2


def test_names_that_sql_could_misread_stand_in_quotes(shop: Any) -> None:
    odd = {'we"ird; drop table x': _of("thing"), "order": "BIGINT", "Größe": "BIGINT"}
    rows = {'we"ird; drop table x': ["1"], "order": [1], "Größe": [2]}
    for name in ("select", "table"):
        shop.product(f"order/{name}/v1", odd, rows, key=['we"ird; drop table x'])
        shop.make(address=f"order/{name}")
    composed = _composed(shop, "order/select", "order/table")
    (row,) = query(composed.sql, mesh=shop.mesh).to_pylist()
    assert list(row.values()) == ["1", 1, 2, 1, 2]


def test_where_nothing_joins_it_says_why_and_what_would_help(air: Any) -> None:
    composed = _composed(air, "air/flights", "shop/items")
    assert composed.sql == ""
    ((side, why),) = composed.apart
    assert side.alias == "items"
    assert "air/flights identifies airport (origin, dest)" in why
    assert "shop/items identifies no entity" in why
    assert "both air/flights and shop/items have name" in why
    assert "{property: entity, value: <what it identifies>}" in why


def test_a_product_between_two_is_pointed_at(air: Any) -> None:
    air.product("fleet/planes/v1", {"flight": _of("flight", "BIGINT")}, {"flight": [1]})
    air.product("air/flown/v1", {"flight": _of("flight", "BIGINT"), "faa": _of("airport")},
                {"flight": [1], "faa": ["JFK"]})  # fmt: skip
    ((_, why),) = _composed(air, "fleet/planes", "network/airports").apart
    assert "mesh compose fleet/planes air/flown network/airports" in why


def test_what_never_published_is_joined_and_not_tested(air: Any) -> None:
    air.product("air/later/v1", {"faa": _of("airport")}, {"faa": ["JFK"]})
    (step,) = _composed(air, "air/later", "network/airports").steps
    assert step.options[0].tested is None
    assert step.untested == "air/later/v1 has no publication"


def test_what_takes_too_long_to_test_is_told_as_untested(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (step,) = _composed(air, "air/flights", "network/airports", limits=Limits(0.01)).steps
    assert "longer than 0.01 seconds" in (step.untested or "")
    assert step.options[0].way.declared


def test_reading_to_test_is_noted_as_that(air: Any) -> None:
    _composed(air, "air/flights", "network/airports")
    assert {each.use.means for each in uses_of(air.mesh)} == {"compose"}


def test_two_products_are_needed_and_each_once(air: Any) -> None:
    with pytest.raises(UsageError, match="takes two products"):
        _composed(air, "air/flights")
    with pytest.raises(UsageError, match="named twice"):
        _composed(air, "air/flights", "mesh://air/flights/v1")
    with pytest.raises(UnknownAddress, match="did you mean"):
        _composed(air, "air/flights", "network/airport")


def test_the_words_that_stand_in_quotes_are_those_of_the_engine() -> None:
    import duckdb

    sql = "select keyword_name, keyword_category from duckdb_keywords()"
    known = duckdb.sql(sql).fetchall()
    kept = {word for word, category in known if category in ("reserved", "type_function")}
    assert kept == sql_of_duckdb._RESERVED
    for name in {name_of(word) for word, _ in known}:
        read = f"select {name}, {name}.{name} from {name}.{name} as {name}"
        assert len(duckdb.extract_statements(read)) == 1
