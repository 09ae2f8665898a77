"""Queries that nobody should trust: they read the products they name, and do nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from mesh_dagster.errors import MeshError
from mesh_dagster.products.reading.query import opened
from mesh_dagster.products.reading.sql.plan import Refused, asked
from mesh_dagster.products.reading.sql.process import Limits
from mesh_dagster.products.reading.sql.worker import _connection

SECRET = "the-secret-of-this-machine"

FILES = [
    "from '{secret}'",
    'select count(*) from "{secret}"',
    "select * from read_csv('{secret}')",
    "select * from read_csv_auto('{secret}')",
    "select * from sniff_csv('{secret}')",
    "select content from read_text('{secret}')",
    "select content from read_blob('{secret}')",
    "select * from read_parquet('{secret}')",
    "select * from parquet_scan('{secret}')",
    "select * from parquet_metadata('{secret}')",
    "select * from parquet_schema('{secret}')",
    "select * from parquet_kv_metadata('{secret}')",
    "select * from read_json('{secret}')",
    "select * from read_json_auto('{secret}')",
    "select * from read_json_objects('{secret}')",
    "select * from read_ndjson_objects('{secret}')",
    "select * from read_duckdb('{secret}')",
    "select * from glob('{folder}/*')",
    "select * from glob('/**') limit 1",
    "select * from main.read_text('{secret}')",
    "select * from \"read_text\"('{secret}')",
    "select * from READ_TEXT('{secret}')",
    "select (select content from read_text('{secret}'))",
    "select count(*) from shop.items where item in (select content from read_text('{secret}'))",
    "select * from shop.items, lateral (select * from read_text('{secret}'))",
    "select * from shop.items positional join read_text('{secret}')",
    "with x as (from read_text('{secret}')) from x",
    "with x as materialized (from '{secret}') from x",
    "from shop.items union all by name from '{secret}'",
    "pivot read_csv('{secret}') on value in ('a')",
    "unpivot '{secret}' on value",
    "describe '{secret}'",
    "summarize '{secret}'",
    "from (describe select * from '{secret}')",
    "select list_transform(['{secret}'], x -> (select content from read_text(x)))",
    "select * from shop.items limit (select count(*) from read_text('{secret}'))",
    "select case when true then (select max(content) from read_text('{secret}')) end",
    "select * from shop.items tablesample (select 1 from '{secret}')",
    "select sum(1) over (order by (select content from read_text('{secret}')))",
    "select * from read_parquet('{own}')",
    "from '{own}'",
]
NETWORK = [
    "from 'https://127.0.0.1:9/x.csv'",
    "from 's3://bucket/x.parquet'",
    "select * from read_csv('https://127.0.0.1:9/x.csv')",
    "select * from postgres_scan('host=127.0.0.1', 'a', 'b')",
    "select * from mysql_scan('host=127.0.0.1', 'a', 'b')",
    "select * from sqlite_scan('{secret}', 'x')",
    "select * from iceberg_scan('{folder}')",
    "select * from delta_scan('{folder}')",
    "select * from st_read('{secret}')",
    "select http_get('http://127.0.0.1:9')",
]
TRICKS = [
    "from query('from read_text(''{secret}'')')",
    "from query('select 1')",
    "from query_table('shop.items')",
    "from query_table(['shop.items', '{secret}'])",
    "from histogram('shop.items', item)",
    "select * from json_execute_serialized_sql(json_serialize_sql('from read_text(''{secret}'')'))",
    "select json_serialize_plan('from read_text(''{secret}'')')",
    "select getenv('MESH_TEST_SECRET')",
    "select main.getenv('MESH_TEST_SECRET')",
    "select 'MESH_TEST_SECRET'.getenv()",
    "select current_setting('temp_directory')",
    "select current_setting('s3_secret_access_key')",
    "select current_query()",
    "select pg_get_viewdef(1)",
    "select nextval('x')",
    "select write_log('x')",
    "select sleep_ms(1)",
    "select finalize(to_aggregate_state('sum', 'x'::blob))",
    "select __internal_decompress_string(1)",
    "select variant_bytes_to_variant('x'::blob)",
    "from duckdb_settings()",
    "from duckdb_secrets()",
    "from duckdb_views()",
    "from duckdb_databases()",
    "from duckdb_logs()",
    "from duckdb_external_file_cache()",
    "from which_secret('s3://x', 's3')",
    "from pragma_database_list",
    "from pragma_version()",
    "from sqlite_master",
    "from duckdb_tables",
    "from main.sqlite_master",
    "from information_schema.tables",
    "from pg_catalog.pg_class",
    "from system.information_schema.tables",
    "from memory.main.items",
    "from temp.main.secrets",
    "with a as (with sqlite_master as (select 1) from sqlite_master) from sqlite_master",
    "with sqlite_master as (from sqlite_master) from sqlite_master",
    "with recursive sqlite_master as (from sqlite_master union all from sqlite_master) "
    "from sqlite_master",
    "from shop.items at (version => 1)",
    "from __shop__items",
    "from test_all_types()",
    "from repeat_row(1, num_rows = 3)",
    "select $1",
    "select $secret",
    "show tables",
    "show all tables",
    "show databases",
    "pivot shop.items on item",
]
WITHIN = [
    "with x as (insert into shop.items values ('x') returning *) from x",
    "with x as (update shop.items set item = 'x' returning *) from x",
    "with x as (delete from shop.items returning *) from x",
    "with x as (copy (select 1) to '{out}') from x",
    "with x as (copy (select 1) to '{own}' (use_tmp_file false)) from x",
    "with x as (copy shop.items to '{own}' (format parquet, use_tmp_file false)) select 1",
    "select * from (with x as (copy (select 1) to '{own}' (use_tmp_file false)) from x)",
    "select (with x as (copy (select 1) to '{own}' (use_tmp_file false)) select count(*) from x)",
    "with a as (with x as (copy (select 1) to '{own}' (use_tmp_file false)) from x) from a",
    "from shop.items where exists (with x as (copy (select 1) to '{own}' (use_tmp_file false)) "
    "from x)",
    "from (pragma version)",
]
STATEMENTS = [
    "copy shop.items to '{out}'",
    "copy (select 1) to '{out}' (format csv)",
    "copy shop.items from '{secret}'",
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
    "set global allowed_directories = ['/']",
    "reset memory_limit",
    "set variable x = 1",
    "pragma database_list",
    "pragma enable_profiling",
    "call pragma_version()",
    "create table x as select 1",
    "create or replace view shop.items as select 1",
    "create macro f(x) as x",
    "create secret (type s3)",
    "drop view shop.items",
    "alter table shop.items add column x int",
    "insert into shop.items values ('x')",
    "update shop.items set item = 'x'",
    "delete from shop.items",
    "truncate shop.items",
    "vacuum",
    "checkpoint",
    "begin",
    "use memory",
    "prepare q as select 1",
    "execute q",
    "explain analyze select 1",
    "comment on table shop.items is 'x'",
    "select 1 into x",
    "select 1; select 2",
    "select 1; copy shop.items to '{out}'",
    "select 1 /* ; */ ; attach '{out}'",
    "select 1 -- \n; copy shop.items to '{out}'",
    "",
    ";",
    "selec 1",
    "\x00",
    "select '" + "x" * 200_000 + "'",
    "select " + "(" * 5000 + "1" + ")" * 5000,
    "select " + "1+" * 20_000 + "1",
]
HOSTILE = [*FILES, *NETWORK, *TRICKS, *WITHIN, *STATEMENTS]
CODES = {"MESH-M004", "MESH-M041", "MESH-M043", "MESH-M066"}
COSTLY = [
    ("select count(*) from range(1000000000) a, range(1000000) b", "longer than 3 seconds"),
    ("with recursive r as (select 1 x union all select x + 1 from r) select sum(x) from r",
     "longer than 3 seconds"),
    ("select length(repeat('x', 4000000000))", "more memory than the 256 MB"),
    ("select list(a.range) from range(100000000) a, range(10) b", "more memory than the 256 MB"),
]  # fmt: skip


@pytest.fixture
def items(shop: Any, world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`shop/items`, and secrets around it: a file, and a variable of the environment."""
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.csv").write_text(f"value\n{SECRET}\n")
    monkeypatch.setenv("MESH_TEST_SECRET", SECRET)
    return shop


@pytest.fixture
def places(items: Any, tmp_path: Path) -> Mapping[str, str]:
    own = next((items.root / ".mesh" / "storage").rglob("*.parquet"))
    return {
        "secret": str(tmp_path / "elsewhere" / "secret.csv"),
        "folder": str(tmp_path / "elsewhere"),
        "out": str(tmp_path / "elsewhere" / "out"),
        "own": str(own),
    }


def _filled(sql: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        sql = sql.replace(f"{{{name}}}", place)
    return sql


def _answer(shop: Any, sql: str, seconds: float = 120) -> str:
    """`refused: why`, or the rows as text."""
    try:
        with opened(sql, mesh=shop.mesh, limits=Limits(seconds, 256)) as rows:
            return json.dumps([batch.to_pylist() for batch in rows.batches], default=str)
    except MeshError as error:
        return f"refused: {error.code} {error.what}"


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 150


def test_no_hostile_statement_reads_or_does_anything(
    items: Any, places: Mapping[str, str], tmp_path: Path
) -> None:
    before = _everything_in(tmp_path)
    filled = [_filled(sql, places) for sql in HOSTILE]
    # What a query's process says first of most; the whole way is gone with the others and a few.
    passed = [sql for sql in filled if _is_read(sql)]
    assert len(passed) < 40
    whole = [*passed, *filled[::12]]
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda sql: _answer(items, sql), whole))
    ran = [sql for sql, each in zip(whole, said, strict=True) if not each.startswith("refused")]
    assert ran == []
    assert [each for each in said if SECRET in each] == []
    assert {each.split()[1] for each in said} <= CODES
    assert _everything_in(tmp_path) == before
    assert _answer(items, "select item from shop.items") == '[[{"item": "tea"}]]'


def _is_read(sql: str) -> bool:
    try:
        return bool(asked(sql).sql)
    except Refused:
        return False


def _everything_in(folder: Path) -> dict[Path, int]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_size for path in files if "uses" not in path.parts}


@pytest.mark.parametrize(("sql", "said"), COSTLY)
def test_a_query_that_takes_too_much_is_ended_and_says_so(shop: Any, sql: str, said: str) -> None:
    answer = _answer(shop, sql, seconds=3 if "seconds" in said else 120)
    assert said in answer
    assert answer.startswith("refused: MESH-M067")


def test_the_connection_holds_without_the_reading_before_it(
    tmp_path: Path, places: Mapping[str, str]
) -> None:
    opening = {"megabytes": 256, "threads": 2, "folder": str(tmp_path / "work")}
    (tmp_path / "work" / "spill").mkdir(parents=True)
    told = []
    with _connection([], opening) as connection:
        for sql in [*FILES, *NETWORK, *STATEMENTS]:
            reaching = _filled(sql, places)
            if any(word in reaching for word in ("own", "begin", "use ", "variable", "shop.")):
                continue
            try:
                done = connection.execute(reaching)
                told.append(str(done.fetchall() if done else "nothing"))
            except duckdb.Error as error:
                told.append(str(error))
    assert len(told) > 60
    assert [each for each in told if SECRET in each] == []
    assert not Path(places["out"]).exists()
