"""SQL that may read what it is given, and may do nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mesh_dagster.errors import UsageError
from mesh_dagster.products.making.sandbox import named_parameters, only_select, sandbox
from mesh_dagster.products.reading.sql.plan import Refused, asked


def _numbers(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    return connection.sql("from range(3) numbers(n)")


def test_tables_are_views_with_or_without_a_schema() -> None:
    with sandbox({"numbers": _numbers, "shop.numbers": _numbers}) as connection:
        sql = "select sum(a.n + b.n) from numbers a, shop.numbers b"
        assert connection.sql(sql).fetchall() == [(18,)]


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{file}'",
        "attach '{file}'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset lock_configuration",
        "set allowed_paths = ['{file}']",
        "install httpfs",
        "from read_text('{secret}')",
        "from '{secret}'",
        "export database '{file}'",
        "import database '{file}'",
    ],
)
def test_nothing_outside_of_the_tables_can_be_reached(tmp_path: Path, sql: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    file = tmp_path / "out"
    with sandbox({"numbers": _numbers}) as connection, pytest.raises(duckdb.Error):
        connection.execute(sql.format(file=file, secret=secret)).fetchall()
    assert not file.exists()


def test_the_files_of_the_tables_can_be_read_and_none_beside_them(tmp_path: Path) -> None:
    own, beside = tmp_path / "own.parquet", tmp_path / "beside.parquet"
    for path in (own, beside):
        duckdb.sql("select 1 as n").write_parquet(str(path))
    tables = {"own": lambda connection: connection.read_parquet(str(own))}
    with sandbox(tables, [str(own)]) as connection:
        assert connection.sql("from own").fetchall() == [(1,)]
        with pytest.raises(duckdb.PermissionException):
            connection.sql(f"from '{beside}'").fetchall()
        with pytest.raises(duckdb.PermissionException):
            connection.sql(f"from '{tmp_path}/*.parquet'").fetchall()


def test_a_parameter_is_handed_over_where_it_is_asked_for() -> None:
    values = {"first": 1, "last": 2}
    assert named_parameters(only_select("select $last"), values) == {"last": 2}
    assert named_parameters(only_select("select 1"), values) == {}


def test_only_one_select_is_a_query() -> None:
    assert only_select("with a as (select 1) from a").query
    for text in ("", "   ", "select 1; select 2", "insert into a values (1)", "explain select 1"):
        with pytest.raises(UsageError, match="a query is one SELECT"):
            only_select(text)
    with pytest.raises(UsageError, match="this is not SQL"):
        only_select("selec 1")
    for verb, within in (
        ("COPY", "copy (select 1) to 'x'"),
        ("DELETE", "delete from a returning *"),
    ):
        with pytest.raises(UsageError, match=f"a query is one SELECT; this has {verb} in it"):
            only_select(f"with x as ({within}) from x")
    assert only_select("with x as (select $a) from x union all from x").query


@pytest.mark.parametrize(
    "text",
    [
        "update extensions",
        f"select {'abs(' * 600}1{')' * 600}",
        f"select {'[' * 400}1{']' * 400}",
    ],
)
def test_what_the_parser_has_no_words_for_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match=r"a query is one SELECT|nested too deeply"):
        only_select(text)
    with pytest.raises(Refused, match=r"a query is one SELECT|nested too deeply"):
        asked(text)


def test_a_query_of_bytes_that_are_no_text_says_so() -> None:
    with pytest.raises(Refused, match="character 9 is no text"):
        asked("select '\udcff'")
