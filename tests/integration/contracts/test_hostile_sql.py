"""Queries of contracts that nobody should trust: they read the tables they are given, no more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import polars as pl
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.owned.sql.process import Limits, Stopped, Worker

SECRET = "the-secret-of-this-machine"
TABLES = {"orders": ("id", "amount", "note")}
Answer = dict[str, object]
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    path.write_text(f"value\n{SECRET}\n")
    return path


@pytest.fixture(scope="module")
def ask(folder: Path) -> Iterator[Ask]:
    """Plan and run one query in the sandbox, as an audit does."""
    orders = folder / "orders.parquet"
    pl.DataFrame({"id": [1, 2], "amount": [1.5, None], "note": ["a", "b"]}).write_parquet(orders)
    views = {"orders": f"select * from read_parquet('{orders}')"}
    with Worker(folder, Limits(megabytes=256, threads=2)) as worker:

        def asked(
            query: str, dialect: str = "duckdb", *, planned: bool = True, seconds: float = 60
        ) -> Answer:
            try:
                if planned:
                    plan = worker.ask(
                        do="plan",
                        query=query,
                        dialect=dialect,
                        own=["orders"],
                        path=["note"],
                        tables=TABLES,
                    )
                    if "refused" in plan:
                        return plan
                    query = str(plan["sql"])
                return worker.ask(do="run", sql=query, views=views, seconds=seconds)
            except Stopped as stopped:
                return {"error": str(stopped)}

        yield asked


READS = [
    "select count(*) from '{secret}'",
    'select count(*) from "{secret}"',
    "select count(*) from read_csv('{secret}')",
    "select count(*) from read_csv_auto('{secret}')",
    "select content from read_text('{secret}')",
    "select content from read_blob('{secret}')",
    "select count(*) from read_parquet('{secret}')",
    "select count(*) from parquet_scan('{secret}')",
    "select count(*) from parquet_metadata('{secret}')",
    "select count(*) from read_json('{secret}')",
    "select count(*) from read_ndjson_objects('{secret}')",
    "select count(*) from sniff_csv('{secret}')",
    "select count(*) from glob('{folder}/*')",
    "select file from glob('/**') limit 1",
    "select (select content from read_text('{secret}'))",
    "select count(*) from orders where note in (select value from read_csv('{secret}'))",
    "select count(*) from orders, lateral (select * from read_csv('{secret}')) x",
    "with x as (select * from read_csv('{secret}')) select count(*) from x",
    "with x as materialized (from '{secret}') from x",
    "from '{secret}'",
    "select * from orders union all select * from '{secret}'",
    "select count(*) from query('select * from read_csv(''{secret}'')')",
    "select count(*) from query_table('{secret}')",
    "select count(*) from query_table(['orders', '{secret}'])",
    "select count(*) from file:///etc/passwd",
    "select count(*) from 'https://127.0.0.1:9/x.csv'",
    "select count(*) from 's3://bucket/x.parquet'",
    "select count(*) from sqlite_scan('{secret}', 'x')",
    "select count(*) from postgres_scan('host=127.0.0.1', 'a', 'b')",
    "select count(*) from iceberg_scan('{folder}')",
    "select count(*) from delta_scan('{folder}')",
    "select count(*) from st_read('{secret}')",
    "select count(*) from orders positional join read_csv('{secret}')",
    "select count(*) from (pivot read_csv('{secret}') on value)",
    "select * from (describe select * from '{secret}')",
    "select count(*) from (summarize '{secret}')",
    "select count(*) from information_schema.tables",
    "select count(*) from duckdb_settings()",
    "select count(*) from duckdb_secrets()",
    "select count(*) from pragma_database_list()",
    "select count(*) from sqlite_master",
    "select count(*) from pg_catalog.pg_class",
    "select getenv('HOME')",
    "select current_setting('temp_directory')",
    "select which_secret('s3://x', 's3')",
    "select count(*) from test_all_types()",
    "select count(*) from orders limit (select count(*) from read_csv('{secret}'))",
    "select case when true then (select max(value) from read_csv('{secret}')) end",
    "select list_transform(['{secret}'], x -> (select content from read_text(x)))",
    "select count(*) from orders tablesample (select 1 from '{secret}')",
    "select count(*) from main.orders join temp.main.secrets using (id)",
]
WRITES = [
    "copy orders to '{out}'",
    "copy (select * from orders) to '{out}' (format csv)",
    "copy orders from '{secret}'",
    "export database '{out}'",
    "import database '{folder}'",
    "attach '{out}' as other",
    "attach 'host=127.0.0.1' as pg (type postgres)",
    "detach memory",
    "install httpfs",
    "install httpfs from community",
    "load httpfs",
    "force install json from 'https://127.0.0.1:9'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '100GB'",
    "reset memory_limit",
    "set variable x = 1",
    "pragma database_list",
    "pragma enable_profiling",
    "call pragma_version()",
    "call dbgen(sf = 100)",
    "create table x as select 1",
    "create view x as select 1",
    "create macro f(x) as x",
    "create secret (type s3)",
    "create or replace table orders as select 1",
    "drop table orders",
    "alter table orders add column x int",
    "insert into orders values (1, 2, 'x')",
    "update orders set id = 1",
    "delete from orders",
    "truncate orders",
    "merge into orders using orders o on true when matched then delete",
    "vacuum",
    "checkpoint",
    "begin",
    "use memory",
    "prepare q as select 1",
    "execute q",
    "deallocate q",
    "explain analyze select 1",
    "show tables",
    "describe orders",
    "comment on table orders is 'x'",
    "select 1 into x",
    "select * into outfile '{out}' from orders",
    "select 1; select 2",
    "select 1; copy orders to '{out}'",
    "select 1;; drop table orders",
    "select 1 /* ; */ ; attach '{out}'",
    "select 1 -- \n; copy orders to '{out}'",
    "select 1 /*! ; copy orders to '{out}' */; copy orders to '{out}'",
    "with x as (delete from orders returning *) select count(*) from x",
    "with x as (insert into orders values (1,2,'x') returning *) select count(*) from x",
    "from orders insert into x",
    "(copy orders to '{out}')",
    "ｃopy orders to '{out}'",
    "\u202ecopy orders to '{out}'",
    "select\u00a01;copy orders to '{out}'",
    "select '\\'; copy orders to '{out}' --'",
    "select $$ $$; copy orders to '{out}'",
    'select "a""; copy orders to \'{out}\' --"',
    "select E'\\''; copy orders to '{out}' --'",
    "\x00copy orders to '{out}'",
    "",
    ";",
    "-- nothing",
    "select $1",
    "select ?",
    "select @@version",
]
BOMBS = [
    "select repeat('x', 2000000000)",
    "select length(repeat(repeat('x', 100000), 100000))",
    "select lpad('x', 2000000000, 'y')",
    "select len(range(0, 4294967290))",
    "select count(*) from range(100000000000)",
    "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c",
    "select count(*) from orders a, range(9000000000) b where a.id + b.range = 3",
    "with recursive r as (select 1 x union all select x + 1 from r) select count(*) from r",
    "with recursive r as (select 'xx' s union all select s || s from r) select count(*) from r",
    "select string_agg(repeat('x', 1000), '') from range(10000000)",
    "select list(range) from range(1000000000)",
    "select count(distinct range) from range(1000000000)",
    "select sum(hash(a.range || b.range)) from range(1000000) a, range(1000000) b",
    "select count(*) from (select range from range(3000000000) order by hash(range))",
    "select regexp_replace(repeat('a', 100000000), 'a', 'bbbbbbbbbbbbbbbbbbbb', 'g')",
]
NESTED = [
    "select " + "(" * 5000 + "1" + ")" * 5000,
    "select " + "not " * 5000 + "true",
    "select " + "- " * 5000 + "1",
    "select " + "[" * 5000 + "]" * 5000,
    "select " + "case when true then " * 2000 + "1" + " end" * 2000,
    "select * from " + "(select * from " * 500 + "orders" + ")" * 500,
    "select " + "1+" * 20000 + "1",
    "select 1 " + "union all select 1 " * 3000,
    "select a" + ".a" * 5000,
    "select '" + "x" * 200_000 + "'",
    "select " + "x" * 90_000,
]


def _filled(query: str, folder: Path, secret: Path) -> str:
    for word, path in {"secret": secret, "folder": folder, "out": secret.with_name("out")}.items():
        query = query.replace("{" + word + "}", str(path))
    return query


@pytest.mark.parametrize("query", READS)
@pytest.mark.parametrize("planned", [True, False], ids=["refused before", "and by the sandbox"])
def test_no_query_reads_what_it_was_not_given(
    ask: Ask, folder: Path, secret: Path, query: str, planned: bool
) -> None:
    answer = ask(_filled(query, folder, secret), planned=planned)
    assert SECRET not in str(answer)
    if planned:
        assert "refused" in answer, answer
    elif "secret" in query and "[" not in query:
        assert not {"value", "kind"} & answer.keys(), answer


@pytest.mark.parametrize("query", WRITES)
def test_no_query_writes_or_is_anything_but_one_select(
    ask: Ask, folder: Path, secret: Path, query: str
) -> None:
    answer = ask(_filled(query, folder, secret))
    assert "refused" in answer or "unfit" in answer, answer
    assert [each.name for each in secret.parent.iterdir()] == ["secret.csv"]
    assert {each.name for each in folder.iterdir()} <= {"orders.parquet", "spill"}


@pytest.mark.parametrize(
    "query", [each for each in WRITES if "{out}" in each or "{secret}" in each]
)
def test_what_writes_would_not_get_through_the_sandbox_either(
    ask: Ask, folder: Path, secret: Path, query: str
) -> None:
    ask(_filled(query, folder, secret), planned=False)
    assert [each.name for each in secret.parent.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize("query", BOMBS)
def test_what_grows_is_stopped_in_time_and_the_next_query_is_answered(ask: Ask, query: str) -> None:
    began = monotonic()
    answer = ask(query, seconds=1)
    assert monotonic() - began < 150
    assert "error" in answer or "kind" in answer, answer
    assert ask("select count(*) from orders") == {"kind": "number", "value": "2"}


@pytest.mark.parametrize("query", NESTED, ids=range(len(NESTED)))
def test_what_is_nested_or_long_ends(ask: Ask, query: str) -> None:
    answer = ask(query)
    assert answer.keys() & {"refused", "unfit", "error", "kind", "shape"}, answer
    assert ask("select count(*) from orders") == {"kind": "number", "value": "2"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_is_gone_with_its_audit(folder: Path) -> None:
    with Worker(folder, Limits()) as worker:
        assert worker.ask(do="plan", query="", dialect="", own=["x"], path=None, tables={})
        process = worker._process
        assert process is not None
        assert Path(f"/proc/{process.pid}").exists()
    assert process.poll() is not None


_WORDS = """
select from where orders id amount note count(*) ( ) , * = < 1 0 'x' "id" null and or not with as
union all join using on group by having order limit case when then end cast int ; -- /* */ $$ \\ `
{ } [ ] ${table} {column} ${schema}.${table} @ # ? :: || copy to attach set over filter qualify
read_csv('/etc/passwd') '/etc/passwd' \u202e \x00 é 🦆 1e999 0x 1..2
""".split()  # noqa: SIM905


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    query=st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join) | st.text(max_size=80),
    dialect=st.sampled_from(["duckdb", "postgres", "bigquery", "snowflake", "tsql", "spark", "x"]),
)
def test_any_text_is_answered_and_leaves_no_trace(ask: Ask, query: str, dialect: str) -> None:
    before = set(Path.cwd().iterdir())
    answer = ask(query, dialect)
    assert answer.keys() & {"refused", "unfit", "error", "kind", "shape"}, answer
    assert "root:" not in str(answer)
    assert set(Path.cwd().iterdir()) == before
