"""How a column is used: as it is, changed, added up, or only to decide."""

from __future__ import annotations

import duckdb
import pytest

from mesh_dagster.lineage.columns.relation import (
    InputTable,
    Relation,
    lineage_of,
    used,
)
from mesh_dagster.lineage.columns.sql import LONGEST, Uncertain, relation_from_sql
from mesh_dagster.lineage.columns.sql.expressions import AGGREGATES
from mesh_dagster.model.lineage import Evidence, Use

TABLES = {
    "t": InputTable("t", ("a", "b", "c")).relation,
    "u": InputTable("u", ("a", "d")).relation,
}


def told(sql: str) -> tuple[dict[str, str], str]:
    def text(made: frozenset | None) -> str:
        if made is None:
            return "?"
        return " ".join(sorted(f"{each.source}.{each.column}:{each.use}" for each in made))

    relation = relation_from_sql(sql, TABLES)
    return {name: text(made) for name, made in relation.columns}, text(relation.rows)


def test_each_use_has_its_name() -> None:
    sql = """
        with joined as (
            select t.a, b, c, d from t join u on t.a = u.a where c > 1
        )
        select
            a,
            b + 1 as plus,
            sum(d) as total,
            case when c > 2 then 'x' end as label,
            sum(d) over (partition by b order by c) as running
        from joined
        group by all
        order by plus
    """
    columns, rows = told(sql)
    assert columns == {
        "a": "t.a:IDENTITY",
        "plus": "t.b:TRANSFORMATION",
        "total": "u.d:AGGREGATION",
        "label": "t.c:CONDITIONAL",
        "running": "t.b:WINDOW t.c:WINDOW u.d:AGGREGATION",
    }
    assert rows == (
        "t.a:GROUP_BY t.a:JOIN t.b:GROUP_BY t.b:SORT t.b:WINDOW t.c:FILTER t.c:GROUP_BY "
        "t.c:WINDOW u.a:JOIN u.d:GROUP_BY"
    ).replace("t.b:WINDOW ", "").replace("t.c:WINDOW ", "")


def test_a_constant_is_made_of_nothing() -> None:
    assert told("select 1 as one, count(*) as n from t") == ({"one": "", "n": ""}, "")


def test_the_last_use_of_several_steps_is_told() -> None:
    columns, _ = told("select m * 2 as twice from (select max(a) as m from t)")
    assert columns == {"twice": "t.a:AGGREGATION"}
    columns, rows = told("select a from (select a, b + c as s from t) where s > 1")
    assert (columns, rows) == ({"a": "t.a:IDENTITY"}, "t.b:FILTER t.c:FILTER")
    assert used(None, Use.FILTER) is None


@pytest.mark.parametrize(
    "sql",
    [
        "select * from elsewhere",
        "select nothing from t",
        "select unnest(a, recursive := true) from t, read_csv('x.csv')",
        "select columns(lambda c: c like 'a%') from t",
        "describe t",
        "select a from t; select b from t",
        "not sql at all (",
        f"select a from t where a = '{'x' * LONGEST}'",
        "select a, b from t union all select a from u",
    ],
)
def test_what_is_not_certain_is_refused(sql: str) -> None:
    with pytest.raises(Uncertain):
        relation_from_sql(sql, TABLES)


def test_a_table_that_is_not_read_may_be_unknown() -> None:
    columns, _ = told("with odd as (from read_csv('x')), fine as (from t) select a from fine")
    assert columns == {"a": "t.a:IDENTITY"}


@pytest.mark.parametrize("names", [["x"], ["a", "b"], ["a", "c"], ["a", "b", "b"]])
def test_columns_that_are_not_those_returned_are_unknown(names: list[str]) -> None:
    relation = Relation((("a", frozenset()), ("b", frozenset()), ("c", frozenset())))
    found = lineage_of(relation, names, Evidence.SQL)
    assert set(found.columns.values()) == {None}
    assert (found.rows, found.evidence) == (None, None)


def test_a_column_without_a_name_is_known_by_its_place() -> None:
    relation = relation_from_sql("select a + 1, A from t", TABLES)
    found = lineage_of(relation, ["(a + 1)", "a"], Evidence.SQL)
    assert [each.use for each in found.columns["(a + 1)"] or ()] == [Use.TRANSFORMATION]


def test_every_aggregate_of_duckdb_is_known_as_one() -> None:
    asked = "select function_name from duckdb_functions() where function_type = 'aggregate'"
    assert {row[0] for row in duckdb.sql(asked).fetchall()} <= set(AGGREGATES)
