"""What the columns of a query are made of, held against what DuckDB really computes.

The values of one input column are changed at a time: where an output changes, its lineage, or
that of the rows, has to name the column.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import duckdb
import pytest
from effort import examples
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from mesh_dagster.lineage.columns.relation import InputTable, Relation, lineage_of
from mesh_dagster.lineage.columns.sql import relation_from_sql
from mesh_dagster.model.lineage import ColumnLineage, Evidence

Rows = dict[str, list[tuple[int | None, ...]]]

TABLES = {"t": ("a", "b", "c"), "u": ("a", "d", "e"), "v": ("x", "b")}
KNOWN: Mapping[str, Relation] = {
    name: InputTable(name, columns).relation for name, columns in TABLES.items()
}
VALUES = st.one_of(st.none(), st.integers(0, 4))


@st.composite
def expressions(draw: st.DrawFn, columns: list[str], depth: int = 2) -> str:
    if depth == 0:
        return draw(st.sampled_from([*columns, *columns, "1", "2"]))
    one, other, third = (draw(expressions(columns, depth - 1)) for _ in range(3))
    return draw(
        st.sampled_from(
            [
                one,
                f"({one} + {other})",
                f"coalesce({one}, {other})",
                f"nullif({one}, {other})",
                f"case when {one} > {other} then {third} else {one} end",
                f"case {one} when {other} then {third} end",
                f"if({one} is null, {other}, {third})",
                f"greatest({one}, {other})",
                f"({one} between {other} and {third})::int",
                f"list_sum(list_transform([{one}, 1], z -> z + coalesce({other}, 0)))",
                f"{{'f': {one}}}.f",
            ]
        )
    )


@st.composite
def aggregates(draw: st.DrawFn, columns: list[str]) -> str:
    one, other = draw(expressions(columns, 1)), draw(expressions(columns, 1))
    return draw(
        st.sampled_from(
            [
                f"sum({one})",
                "count(*)",
                f"count({one})",
                f"count(*) filter (where {one} > 1)",
                f"sum({one}) filter (where {other} > 1)",
                f"max({one}) - min({other})",
                f"count(distinct {one})",
                f"string_agg({one}::varchar, ',' order by {other}, {one})",
                f"arg_max({one}, {other})",
            ]
        )
    )


@st.composite
def windows(draw: st.DrawFn, columns: list[str]) -> str:
    one, by, order = (draw(expressions(columns, 1)) for _ in range(3))
    what = draw(
        st.sampled_from([f"sum({one})", "count(*)", "rank()", f"max({one})", f"lag({one})"])
    )
    return f"{what} over (partition by {by} order by {order})"


@st.composite
def sources(draw: st.DrawFn, depth: int) -> tuple[str, list[str], list[str]]:
    """A FROM clause, its columns qualified where they have to be, and its CTEs."""
    one = draw(st.sampled_from(sorted(TABLES)))
    columns = [f"p.{name}" for name in TABLES[one]]
    if depth and draw(st.booleans()):
        inner, names = draw(queries(depth - 1))
        if draw(st.booleans()):
            return f"({inner}) as p", [f"p.{name}" for name in names], []
        return "w as p", [f"p.{name}" for name in names], [f"w as ({inner})"]
    kind = draw(st.sampled_from(["", "join", "left join", "full join", "using", "semi", "cross"]))
    if not kind:
        return f"{one} as p", columns, []
    other = draw(st.sampled_from(sorted(TABLES)))
    theirs = [f"q.{name}" for name in TABLES[other]]
    if kind == "cross":
        return f"{one} as p cross join {other} as q", columns + theirs, []
    shared = sorted(set(TABLES[one]) & set(TABLES[other]))
    if kind == "using" and shared:
        side = draw(st.sampled_from(["", "left", "right", "full"]))
        return (
            f"{one} as p {side} join {other} as q using ({shared[0]})",
            [*columns, *theirs, shared[0]],
            [],
        )
    on = f"{draw(st.sampled_from(columns))} = {draw(st.sampled_from(theirs))}"
    if kind == "semi":
        return f"{one} as p semi join {other} as q on {on}", columns, []
    kind = "join" if kind == "using" else kind
    return f"{one} as p {kind} {other} as q on {on}", columns + theirs, []


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> tuple[str, list[str]]:
    """A query, and the names of its columns."""
    if depth and draw(st.integers(0, 5)) == 0:
        left, names = draw(queries(depth - 1))
        right, others = draw(queries(depth - 1))
        width = min(len(names), len(others))
        both = [
            f"select {', '.join(n[:width])} from ({q})" for q, n in ((left, names), (right, others))
        ]
        how = draw(st.sampled_from(["union", "union all", "except", "intersect"]))
        return f"{both[0]} {how} {both[1]}", names[:width]
    source, columns, ctes = draw(sources(depth))
    grouped = draw(st.booleans())
    some = draw(st.lists(expressions(columns), min_size=1, max_size=2))
    tail = ""
    if draw(st.booleans()):
        tail += f" where {draw(conditions(columns, depth))}"
    if grouped:
        shown = [*some, *draw(st.lists(aggregates(columns), min_size=1, max_size=2))]
        keys = draw(st.sampled_from(["all", ", ".join(str(at + 1) for at in range(len(some)))]))
        tail += f" group by {keys}"
        if draw(st.booleans()):
            tail += f" having {draw(aggregates(columns))} is not null"
    else:
        shown = [*some, *draw(st.lists(windows(columns), max_size=1))]
        if draw(st.booleans()):
            shown.append(f"(select max({columns[0]} + d) from u where u.a = {columns[-1]})")
        if draw(st.integers(0, 3)) == 0:
            tail += f" qualify {draw(windows(columns))} > 1"
    names = [f"o{at}" for at in range(len(shown))]
    listed = ", ".join(f"{each} as {name}" for each, name in zip(shown, names, strict=True))
    distinct = draw(st.sampled_from(["", "", "distinct "]))
    with_ = f"with {', '.join(ctes)} " if ctes else ""
    # Every alias is a key, so that a limit leaves the same rows whenever it is run.
    if draw(st.integers(0, 3)) == 0:
        tail += " order by all limit 3"
    return f"{with_}select {distinct}{listed} from {source}{tail}", names


@st.composite
def conditions(draw: st.DrawFn, columns: list[str], depth: int) -> str:
    one, other = draw(expressions(columns, 1)), draw(expressions(columns, 1))
    if depth:
        inner, names = draw(queries(0))
        kind = draw(st.integers(0, 2))
        if kind == 0:
            return f"{one} in (select {names[0]} from ({inner}))"
        if kind == 1:
            return f"exists (from u where u.d = {one})"
    return f"{one} > {other}"


tables = st.fixed_dictionaries(
    {
        name: st.lists(st.tuples(*[VALUES for _ in columns]), min_size=1, max_size=4)
        for name, columns in TABLES.items()
    }
)


def run(connection: duckdb.DuckDBPyConnection, rows: Rows, sql: str) -> dict[str, list[Any]]:
    """The values of each column of the result, in no order."""
    for name, columns in TABLES.items():
        typed = ", ".join(f"{column} integer" for column in columns)
        connection.execute(f"create or replace table {name} ({typed})")
        marks = ", ".join("?" for _ in columns)
        connection.executemany(f"insert into {name} values ({marks})", rows[name])
    relation = connection.sql(sql)
    names, found = relation.columns, relation.fetchall()
    return {name: sorted(repr(row[at]) for row in found) for at, name in enumerate(names)}


def perturbed(rows: Rows, table: str, column: str, new: list[int | None]) -> Rows:
    at = TABLES[table].index(column)
    changed = [
        (*row[:at], new[number % len(new)], *row[at + 1 :])
        for number, row in enumerate(rows[table])
    ]
    return {**rows, table: changed}


def names(lineage: ColumnLineage, output: str, table: str, column: str) -> bool:
    """Whether a column's lineage, or the rows', names an input column, or says it is unknown."""
    made = lineage.columns[output]
    if made is None or lineage.rows is None:
        return True
    return any((each.source, each.column) == (table, column) for each in (*made, *lineage.rows))


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=queries(), rows=tables, new=st.lists(VALUES, min_size=2, max_size=4))
def test_whatever_changes_an_output_is_named(
    asked: tuple[str, list[str]], rows: Rows, new: list[int | None]
) -> None:
    sql, outputs = asked
    note(sql)
    connection = duckdb.connect()
    try:
        before = run(connection, rows, sql)
    except duckdb.Error as error:
        note(str(error))
        return
    lineage = lineage_of(relation_from_sql(sql, KNOWN), outputs, Evidence.SQL)
    assert lineage.whole, "nothing here is hard to read"
    for table, column in ((t, c) for t in TABLES for c in TABLES[t]):
        after = run(connection, perturbed(rows, table, column, new), sql)
        for output in outputs:
            if before[output] != after[output]:
                assert names(lineage, output, table, column), f"{output} of {table}.{column}"


HARD = [
    "from t",
    "from t select * exclude (b) replace (a + c as a) rename (c as z)",
    "select t.*, u.d from t join u using (a)",
    "select * from t natural join u",
    "select j.*, v.x from (t left join u using (a)) as j join v on j.b = v.x",
    "select p.a from (t as p join u using (a))",
    "select a, b from t union by name select a, d from u",
    "select * from t pivot (sum(b) for a in (1, 2))",
    "select * from t unpivot (value for name in (a, b))",
    "select a, unnest([b, c]) as many from t",
    "select a, y from t, unnest([b, c]) as x(y)",
    "select a, g from t, generate_series(1, b) as g",
    "select a, n from t, lateral (select count(*) as n from u where u.d = t.b)",
    "with recursive r as (select a, b from t union select r.a, u.d from r join u on u.a = r.b) "
    "select * from r",
    "with t as (select a + b as a from t) select a from t",
    "select a as b, b as a from t where a > 1",
    "select -b as a, b from t order by a + 0 limit 1",
    "select b + 1 as a, a as c from t",
    "select a + 1 as z, z * 2 as y from t where y > 4",
    "select distinct on (a) a, b, c from t order by a, b, c",
    "select sum(a) over w as s, b from t window w as (partition by b order by c)",
    "select columns(*) + 1 from u",
    "select columns(['a', 'b']) from t",
    "select a, count(*) as n from t group by rollup (a, b)",
    "select t.a, u.a as other from t full join u using (a)",
    "select a from t right join u using (a)",
    "select [x + c for x in [a, b] if x > 1] as l from t",
    "select t from t",
    "select a from t where (a, b) in (select a, d from u)",
    "select a, (select d from u where u.a = t.a order by e limit 1) as first_d from t",
    "select a from t except select a from u",
    "select max(a) as m, m + 1 as n from t",
    "select quantile_cont(a, 0.5) as q, mode() within group (order by b) as m from t",
    "select * from (values (1, 2)) as w(k, l) join t on t.a = w.k",
    "select a, b from t qualify row_number() over (partition by a order by b, c) = 1",
    "select a, first(b order by c, b) as f from t group by a",
    "select a from t anti join u on u.a = t.a",
    "select t.a, q.d from t asof join u as q on t.a >= q.a",
    "select a, max(b) as c from t group by a having c > 2",
    "select a, max(b) as c from t group by a having (c) > 2 and max(t.c) > 1",
    "select a, max(b) as c from t group by a having max(b) filter (where c > 1) > 2",
    "select a + 1 as a, max(b) as m from t group by all having a > 2",
    "select -a as a, max(b) as m from t group by t.a having a > 2",
    "select b as a, a as k, max(c) as m from t group by k, b having a > 2",
    "select distinct on (1) a as k, 1 as one from t",
    "select distinct on (a) b as a, 1 as one from t",
    "select distinct on ((a), a + c) b as a, 1 as one from t",
    "select * replace (b as a) from t order by a, c limit 1",
    "select t.* rename (b as a, a as b) from t order by a, c limit 1",
    "select columns(*) * -1 from t order by a, c limit 1",
    "select b as a, c from t order by (a), c limit 1",
    "select c from (select a as x, b as x, c from t order by x, c limit 1)",
    "select sum(a) over w2 as s from t window w1 as (partition by b), w2 as (w1 order by c)",
    "select sum(a) over (w1 order by c) as s from t window w1 as (partition by b)",
    "select 1 as one, a as x, b as y from t group by rollup (2, 3)",
    "select 1 as one, a as x, b as y from t group by cube ((2, 3))",
    "select a as x, b as y from t group by grouping sets ((1), rollup (2))",
    "select a as x, count(*) as n from t group by (1)",
    "select a as x, count(*) as n from t group by (x)",
]


@pytest.mark.parametrize("sql", HARD)
def test_forms_of_duckdb_are_read_soundly(sql: str) -> None:
    connection = duckdb.connect()
    rows: Rows = {
        "t": [(1, 2, 3), (2, 1, 0), (2, 3, 1), (4, 4, 4)],
        "u": [(1, 2, 2), (2, 4, 3), (3, 1, 1)],
        "v": [(1, 2), (3, 4)],
    }
    before = run(connection, rows, sql)
    lineage = lineage_of(relation_from_sql(sql, KNOWN), list(before), Evidence.SQL)
    assert lineage.whole
    news: list[list[int | None]] = [[4, 0], [0, 3, 2], [None, 1], [9, 8, 7, 6]]
    for (table, columns), new in product(TABLES.items(), news):
        for column in columns:
            after = run(connection, perturbed(rows, table, column, new), sql)
            for output in before:
                if before[output] != after.get(output):
                    assert names(lineage, output, table, column), f"{output} of {table}.{column}"
