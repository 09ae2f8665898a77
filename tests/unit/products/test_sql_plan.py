"""What a query asks for is read before it runs, wherever in it that stands."""

from __future__ import annotations

import duckdb
import pytest

from mesh_dagster.products.reading.sql.plan import _REACHING, Asked, Reaching, Refused, asked

EVERYWHERE = [
    "select distinct on ({g}) 1 from a.b",
    "select string_agg(x, ',' order by {g}) from a.b",
    "select lead(x, {g}) over () from a.b",
    "select lead(x,1,{g}) over () from a.b",
    "select sum(x) over (order by y rows between {g} preceding and current row) from a.b",
    "select sum(x) over (partition by {g}) from a.b",
    "select sum(x) over w from a.b window w as (order by {g})",
    "select interval ({g}) day",
    "select x at time zone {g} from a.b",
    "select {{'a': {g}}}",
    "select [{g}]",
    "select map {{'a': {g}}}",
    "select x[{g}] from a.b",
    "select x[1:{g}] from a.b",
    "select case {g} when 1 then 2 end",
    "select case 1 when 1 then {g} else {g} end",
    "select x between {g} and 2 from a.b",
    "select x in ({g}) from a.b",
    "select x not in (1,{g}) from a.b",
    "select x like {g} escape '!' from a.b",
    "select x is distinct from {g} from a.b",
    "select cast({g} as int)",
    "select try_cast({g} as int)",
    "select extract(year from {g})",
    "select substring('a' from {g})",
    "select overlay('a' placing {g} from 1)",
    "select trim({g} from 'a')",
    "select position({g} in 'a')",
    "select coalesce(1,{g})",
    "select nullif(1,{g})",
    "select -{g}",
    "select not {g}",
    "select {g} || 'a'",
    "select [y for y in [{g}]]",
    "select [y for y in [1] if {g}]",
    "select list_transform([1], y -> {g})",
    "select columns(lambda c: {g}) from a.b",
    "select * replace ({g} as x) from a.b",
    "select * like {g} from a.b",
    "select * exclude (x) from a.b where {g}",
    "from a.b group by grouping sets (({g}))",
    "from a.b group by rollup ({g})",
    "select 1 from a.b having {g}",
    "from a.b qualify {g}",
    "from a.b limit {g}",
    "from a.b limit 1 offset {g}",
    "from a.b order by {g} desc nulls last",
    "from a.b join c.d on {g}",
    "from a.b asof join c.d on {g} >= d.x",
    "values ({g})",
    "from (values ({g})) t",
    "select (select {g})",
    "select exists(select {g})",
    "select x = any(select {g}) from a.b",
    "select x > all([{g}]) from a.b",
    "with y as (select {g}) from y",
    "with y as materialized (select {g}) from y",
    "with recursive y as (select {g} union all select 1 from y) from y",
    "with recursive y as (select 1 as a union all select {g} from y) from y",
    "with recursive y(a) using key (a) as (select 1 union all select {g} from y) from y",
    "select 1 union select {g}",
    "select 1 intersect select {g}",
    "select 1 except all select {g}",
    "from a.b pivot (sum({g}) for x in (1))",
    "pivot a.b on x in ('a') using sum({g})",
    "pivot (select {g}) on x in (1)",
    "unpivot (select {g} as q) on q",
    "from a.b unpivot (v for n in (x)) where {g}",
    "from range({g}) r",
    "from unnest([{g}]) u",
    "from json_each({g})",
    "from a.b, lateral (select {g}) l",
    "select struct_pack(a := {g})",
    "select x.y.{g} from a.b",
    "select (x).getenv() from a.b",
    "describe select {g}",
    "summarize select {g}",
    "from (describe select {g})",
    "select {g} collate nocase",
    "select count(*) filter ({g})",
    "select grouping({g}) from a.b group by {g}",
    "select row({g},1)",
    "select ({g},1)",
    "select 'a' ^@ {g}",
    "select x -> {g} from a.b",
    "select unnest({g})",
    "select unnest([1], recursive := {g})",
    "from a.b select {g}",
    "select if({g},1,2)",
    "select ifnull({g},1)",
    "from a.b positional join (select {g})",
    "select sum(x order by {g}) from a.b",
    "select first(x order by {g}) over () from a.b",
    "select mode() within group (order by {g}) from a.b",
    "select array_agg(x) filter (where {g}) from a.b",
    "select try({g})",
    "select {g} is null",
    "select ({g}) is true",
]
READS = [
    ("select count(*) from a.b", ("a.b",), False),
    ("select x, y from A.B where z", ("a.b",), False),
    ("select * exclude (x) from a.b", ("a.b",), True),
    ("select d from a.b d", ("a.b",), True),
    ("select b from a.b", ("a.b",), True),
    ("select a.b from a.b", ("a.b",), True),
    ('select count(memory.A."B") from a.b', ("a.b",), True),
    ("select a.b.x, b.y from a.b", ("a.b",), False),
    ("select #1 from a.b", ("a.b",), True),
    ("select x from a.b natural join c.d", ("a.b", "c.d"), True),
    ("select q from a.b t(q, r)", ("a.b",), True),
    ("select columns('x.*') from a.b", ("a.b",), True),
    ("summarize a.b", ("a.b",), True),
    ("select (select max(x) from c.d) from a.b", ("a.b", "c.d"), False),
    ("with b as (select x from a.b) select x from b", ("a.b",), False),
    ("select x from a.b limit (select 1 from c.d)", ("a.b", "c.d"), False),
]
VOLATILE = set(
    """current_connection_id current_database current_date current_query_id current_schema
    current_schemas current_transaction_id error gen_random_uuid get_current_time
    get_current_timestamp getvariable in_search_path now random setseed today
    transaction_timestamp txid_current uuid uuidv4 uuidv7""".split()  # noqa: SIM905
)
"""Functions of DuckDB with effects or changing answers that were looked at, and do no harm."""


@pytest.mark.parametrize("sql", EVERYWHERE)
def test_a_function_that_reaches_out_is_seen_wherever_it_stands(sql: str) -> None:
    with pytest.raises(Reaching, match="getenv"):
        asked(sql.format(g="getenv('x')"))


@pytest.mark.parametrize(("sql", "tables", "everything"), READS)
def test_it_knows_which_tables_and_columns_are_read(
    sql: str, tables: tuple[str, ...], everything: bool
) -> None:
    found = asked(sql)
    assert (found.tables, found.everything, found.bare) == (tables, everything, ())


def test_columns_that_a_query_does_not_name_are_not_among_its_words() -> None:
    found = asked("select carrier, max(Delay) from a.flights where day > '2013-11-01' group by all")
    assert isinstance(found, Asked)
    assert {"carrier", "delay", "day"} <= set(found.words)
    assert not {"flights", "origin", "a"} & set(found.words)


def test_a_name_of_with_means_a_table_where_it_is_not_known_yet() -> None:
    for sql in (
        "with t as (from t) from t",
        "with a as (from t), t as (select 1) from a",
        "with a as (with t as (select 1) from t) from t",
        "with recursive t as (from t union all from t) from t",
        "select (with t as (select 1) from t), (select 1 from t)",
    ):
        assert asked(sql).bare == ("t",), sql
    assert asked("with recursive t as (select 1 union all from t) from t").bare == ()


@pytest.mark.parametrize(
    "sql", ["select $1", "select ?", "select $a", "from a.b at (version => 1)", "x" * 200_000]
)
def test_what_cannot_be_answered_is_refused(sql: str) -> None:
    with pytest.raises(Refused):
        asked(sql)


def test_every_function_of_the_engine_with_effects_was_looked_at() -> None:
    """A new DuckDB may have new ones: refuse them in `_REACHING`, or take them up here."""
    rows = duckdb.sql(
        "select distinct function_name from duckdb_functions() where function_type in "
        "('scalar', 'aggregate', 'macro') and (has_side_effects or stability <> 'CONSISTENT')"
    ).fetchall()
    left = {name for (name,) in rows if not _REACHING.fullmatch(name)}
    assert left <= VOLATILE


def test_functions_that_only_compute_are_let_through() -> None:
    for call in (
        "sum(x)",
        "date_trunc('day', x)",
        "regexp_extract(x, 'a')",
        "list_sort([x])",
        "json_extract(x, '$.a')",
        "pg_typeof(x)",
        "strftime(x, '%Y')",
    ):
        assert asked(f"select {call} from a.b").tables == ("a.b",)
