"""What the columns of a chain of dbt's models are made of."""

from __future__ import annotations

import pytest

from mesh_dagster.lineage.columns.models import Model, Models, relation_from_models
from mesh_dagster.lineage.columns.relation import InputTable
from mesh_dagster.lineage.columns.sql import Uncertain

SALES = InputTable("sales", ("day", "amount"))
INPUTS = {"sales": ("db", "inputs", "sales")}
STAGED = Model(("db", "main", "stg"), 'select day, amount * 2 as twice from "db"."inputs"."sales"')


def uses(*models: Model) -> dict[str, list[str] | None]:
    relation = relation_from_models(Models(models, INPUTS), {"sales": SALES.relation})
    return {
        name: None if made is None else sorted(f"{each.column} {each.use}" for each in made)
        for name, made in relation.columns
    }


def test_models_are_followed_to_the_inputs() -> None:
    mart = Model(
        ("db", "main", "mart"), 'select day, sum(twice) as s from "db"."main"."stg" group by 1'
    )
    assert uses(STAGED, mart) == {"day": ["day IDENTITY"], "s": ["amount AGGREGATION"]}


def test_a_seed_is_made_of_no_input() -> None:
    seed = Model(("db", "main", "names"), columns=("day", "name"))
    mart = Model(
        ("db", "main", "mart"), "select name, twice from main.stg join main.names using (day)"
    )
    assert uses(STAGED, seed, mart) == {"name": [], "twice": ["amount TRANSFORMATION"]}


def test_a_table_that_grows_reads_itself_as_it_was() -> None:
    sql = (
        "select day, twice from main.stg where day > (select max(day) from main.mart) "
        "union all select day, twice from main.mart"
    )
    mart = Model(("db", "main", "mart"), sql, grows=True)
    with pytest.raises(Uncertain):
        uses(STAGED, Model(("db", "main", "mart"), sql))
    seen = Model(("db", "main", "seen"), columns=("day", "twice"))
    first = Model(("db", "main", "mart"), "select day, twice from main.stg", grows=True)
    assert uses(STAGED, first)["twice"] == ["amount TRANSFORMATION"]
    assert uses(STAGED, seen, Model(("db", "main", "m"), "from main.seen"))["day"] == []
    assert mart.grows


def test_what_is_not_made_by_sql_hides_only_what_reads_it() -> None:
    odd = Model(("db", "main", "odd"))
    assert uses(STAGED, odd, Model(("db", "main", "m"), "select twice from main.stg")) == {
        "twice": ["amount TRANSFORMATION"]
    }
    with pytest.raises(Uncertain):
        uses(STAGED, odd, Model(("db", "main", "m"), "select * from main.odd"))
    with pytest.raises(Uncertain):
        uses(STAGED, odd)
