"""Rules that are queries: their dialects, what they see, and what their answers come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.audit.owned.sql.plan import Plan, Refused, plan
from mesh_dagster.contracts.audit.owned.sql.process import Limits
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.dialects import dialect_of
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

Open = Callable[[pl.DataFrame], Any]
TABLES = {"orders": ("id", "amount", "customer"), "customers": ("id", "name")}
SMALL = Limits(seconds=200, megabytes=512, threads=2)
DATA = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "amount": [Decimal("1.50"), None, Decimal("3.00")],
        "customer": [{"address": {"city": "x"}}, {"address": {"city": None}}, None],
        "day": [date(2013, 1, 1), date(2013, 1, 1), date(2013, 1, 2)],
    }
)


def _sql(query: str, operator: str | None = "mustBe", threshold: Any = 0, **more: Any) -> Quality:
    severity = more.pop("severity", Severity.ERROR)
    return Quality(
        "sql", None, operator, threshold, severity=severity, rest={"query": query, **more}
    )


def _contract(*quality: Quality, at: str | None = None, **rest: Any) -> Contract:
    city = Property("city", type=ColumnType(Kind.STRING))
    address = Property("address", properties=(city,))
    columns = [Property(name) for name in ("id", "amount", "day")]
    columns.append(Property("customer", properties=(address,)))
    if at is not None:
        columns = [replace(each, quality=quality if each.name == at else ()) for each in columns]
    if at == "city":
        address = replace(address, properties=(replace(city, quality=quality),))
        columns[-1] = Property("customer", properties=(address,))
    table = SchemaObject(
        "orders",
        tuple(columns),
        quality=() if at else quality,
        rest={"physicalName": "tbl_orders"},
        additional=None,
    )
    return Contract("c", "1.0.0", Status.ACTIVE, (table,), rest=rest)


def _asked(data: Any, *quality: Quality, **more: Any) -> list[RuleResult]:
    at, tables = more.pop("at", None), more.pop("tables", {})
    around = Around(tables, limits=more.pop("limits", SMALL))
    found = rules(_contract(*quality, at=at), standalone=True)
    asked = [rule for rule in found if rule.kind == "sql"]
    assert len(asked) == len(quality)
    return list(audit(asked, data, around=around, **more))


def _one(data: Any, quality: Quality, **more: Any) -> RuleResult:
    (result,) = _asked(data, quality, **more)
    return result


def test_a_query_names_its_table_as_the_contract_does(opened: Open) -> None:
    names = ["orders", "tbl_orders", "ORDERS", "{table}", "${model}"]
    queries = [_sql(f"SELECT count(*) FROM {name}", threshold=3) for name in names]
    for result in _asked(opened(DATA), *queries):
        assert (result.verdict, result.checked, result.failed) == (Verdict.PASSED, 3, 0)


def test_a_query_reaches_into_nested_columns(opened: Open) -> None:
    cities = ["{column}", "${field}", "{property}", "customer.address.city"]
    queries = [_sql(f"SELECT COUNT(*) FROM {{object}} WHERE {city} IS NULL") for city in cities]
    for result in _asked(opened(DATA), *queries, at="city"):
        assert (result.verdict, result.failed) == (Verdict.FAILED, 2)
        assert result.column == "customer.address.city"


def test_a_query_joins_the_other_tables_of_the_contract() -> None:
    query = "select count(*) from orders o anti join customers c on o.id = c.id"
    customers = pl.LazyFrame({"id": [1, 2], "name": ["a", "b"]})
    assert _one(DATA.lazy(), _sql(query), tables={"customers": customers}).failed == 1
    alone = _one(DATA.lazy(), _sql(query))
    assert alone.verdict is Verdict.FAILED
    assert "it reads customers" in alone.message


ANSWERS: list[tuple[str, str | None, Any, bool]] = [
    ("select 0", "mustBe", 0, True),
    ("select 0.1::decimal(3,1)", "mustBe", 0.1, True),
    ("select 0.5::double", "mustBeLessThan", 0.5, False),
    ("select 0.5::double", "mustBeLessOrEqualTo", 0.5, True),
    ("select 170141183460469231731687303715884105727::hugeint", "mustBeGreaterThan", 1, True),
    ("select 3", "mustNotBe", 3, False),
    ("select 3", "mustBeBetween", [3, 4], True),
    ("select 3", "mustNotBeBetween", [3, 4], False),
    ("select 3", "mustBeGreaterOrEqualTo", 3, True),
    ("select true", "mustBe", True, True),
    ("select 1", "mustBe", True, False),
    ("select true", "mustBe", 1, True),
    ("select true", None, None, True),
    ("select false", None, None, False),
    ("select 1", None, None, False),
    ("select 'ok'", "mustBe", "ok", True),
    ("select 'ok'", "mustNotBe", "ok", False),
    ("select 7", "mustBe", "7", True),
    ("select date '2013-01-01'", "mustBe", date(2013, 1, 1), True),
    ("select timestamp '2013-01-01 10:00'", "mustBe", datetime(2013, 1, 1, 10), True),  # noqa: DTZ001
    ("select null", "mustBe", None, True),
    ("select null", "mustBe", 0, False),
    ("select max(id) from orders where false", "mustBeGreaterThan", 0, False),
    ("select 'a'", "mustBe", 0, False),
    ("select 'nan'::double", "mustBeGreaterThan", 0, False),
    ("select 'inf'::double", "mustBeLessThan", 0, False),
    ("select [1]", "mustBe", 1, False),
    ("select id from orders where false", "mustBe", 0, False),
    ("select id from orders", "mustBe", 1, False),
    ("select 0, 0", "mustBe", 0, False),
]


def test_the_answer_is_held_against_the_operator() -> None:
    results = _asked(DATA.lazy(), *(_sql(*each[:3]) for each in ANSWERS))
    found = [
        (*each[:3], result.verdict is Verdict.PASSED)
        for each, result in zip(ANSWERS, results, strict=True)
    ]
    assert found == ANSWERS
    assert {each.verdict for each in results} == {Verdict.PASSED, Verdict.FAILED}


def test_a_result_tells_the_answer_and_what_was_asked_for() -> None:
    told = _sql("select max(id) from orders", "mustBeLessThan", 3, description="Few orders")
    result = _one(DATA.lazy(), replace(told, unit="percent"))
    assert result.message == "Few orders: the query returned 3; the contract says less than 3"
    empty = _one(DATA.lazy(), _sql("select max(id) from orders where id > 9"))
    assert empty.message.endswith(
        "the query returned null; the contract says 0, which only a number can be"
    )


def test_a_query_that_has_no_answer_says_why() -> None:
    unanswered = [
        ("SELECT TOP 1 count(*) FROM orders", Verdict.FAILED, "could not be read as duckdb SQL"),
        ("drop table orders", Verdict.FAILED, "a query is one SELECT, and this is DROP"),
        ("select nope from orders", Verdict.FAILED, "does not fit the data as duckdb SQL"),
        ("select count(*) from ordrs", Verdict.FAILED, "did you mean `orders`?"),
        ("select {column} from orders", Verdict.FAILED, "stands for a column"),
        ("select cast('x' as int) from orders", Verdict.ERROR, "failed as duckdb SQL"),
    ]
    results = _asked(DATA.lazy(), *(_sql(query) for query, _, _ in unanswered))
    for result, (_, verdict, told) in zip(results, unanswered, strict=True):
        assert result.verdict is verdict
        assert told in result.message
        assert result.blocks


def test_a_query_that_breaks_off_leaves_the_others_alone() -> None:
    slow = _sql("select count(*) from range(100000000000)")
    quick = _sql("select count(*) from orders", threshold=3)
    results = _asked(DATA.lazy(), slow, quick, limits=Limits(2, 512, 1))
    assert [each.verdict for each in results] == [Verdict.ERROR, Verdict.PASSED]
    assert "it took longer than 2 seconds" in results[0].message


def test_of_a_warning_nothing_is_blocked() -> None:
    result = _one(DATA.lazy(), _sql("select 1", severity=Severity.WARNING))
    assert (result.verdict, result.blocks) == (Verdict.WARNED, False)


@pytest.mark.parametrize(
    ("kind", "days"), [(pl.Date, 2), (pl.Datetime("us"), 2), (pl.Datetime("us", "UTC"), 2)]
)
@pytest.mark.parametrize("every", [Every.DAY, Every.MONTH])
def test_in_a_partition_a_query_sees_its_rows_alone(kind: Any, days: int, every: Every) -> None:
    data = DATA.with_columns(pl.col("day").cast(kind)).lazy()
    by = Partitioning(every, "day", datetime(2013, 1, 1))  # noqa: DTZ001
    keys = ["2013-01-01", "2013-01-02", "2013-01-03"] if every is Every.DAY else ["2013-01-01"]
    results = _asked(
        data, _sql("select count(*) from orders"), partitioning=by, partitions=tuple(keys)
    )
    counts = {each.partition: (each.checked, each.failed) for each in results}
    if every is Every.DAY:
        assert list(counts.values()) == [(2, 2), (1, 1), (0, 0)]
    else:
        assert list(counts.values()) == [(3, 3)]


@pytest.mark.parametrize(
    ("servers", "server", "dialect"),
    [
        ([], None, "duckdb"),
        ([{"server": "a", "type": "local"}], None, "duckdb"),
        ([{"server": "a", "type": "postgresql"}], None, "postgres"),
        ([{"server": "a", "type": "sqlserver"}], None, "tsql"),
        ([{"server": "a", "type": "kafka"}], None, "duckdb"),
        ([{"server": "a", "type": "s3"}, {"server": "b", "type": "snowflake"}], "b", "snowflake"),
    ],
)
def test_the_dialect_is_that_of_the_server(
    servers: list[dict[str, str]], server: str | None, dialect: str
) -> None:
    assert dialect_of(_contract(servers=servers), server) == dialect


def test_a_contract_and_a_rule_can_say_their_dialect() -> None:
    said = [{"property": "dialect", "value": "BigQuery"}]
    servers = [{"server": "a", "type": "local"}]
    contract = _contract(_sql("select 1"), customProperties=said, servers=servers)
    assert dialect_of(contract) == "bigquery"
    (rule,) = [each for each in rules(contract) if each.kind == "sql"]
    assert rule.dialect == "bigquery"  # type: ignore[union-attr]
    own = _contract(_sql("select 1", customProperties=[{"property": "dialect", "value": "mssql"}]))
    (rule,) = [each for each in rules(own) if each.kind == "sql"]
    assert rule.dialect == "tsql"  # type: ignore[union-attr]


def test_other_dialects_are_translated() -> None:
    said = [
        ("tsql", "SELECT TOP 1 COUNT(*) FROM [dbo].[orders]", "3"),
        ("bigquery", "SELECT COUNTIF(id > 1) FROM `shop.sales.orders`", "2"),
        ("bigquery", "SELECT COUNT(*) FROM `{project}.{dataset}.{table}`", "3"),
        ("snowflake", "SELECT IFF(COUNT(*) > 2, 1, 0) FROM PROD.PUBLIC.ORDERS", "1"),
        ("postgres", "SELECT count(*) FROM public.orders WHERE id::text ~ '^[12]$'", "2"),
        ("mysql", "SELECT SUM(IF(id > 1, 1, 0)) FROM `orders`", "2"),
        ("oracle", "SELECT NVL(MAX(id), 0) FROM orders", "3"),
        ("spark", "SELECT count_if(id > 1) FROM orders", "2"),
        ("snowflake", "SELECT COUNT_IF(id > 1) FROM orders WHERE id > 9", "0"),
        ("trino", "SELECT approx_distinct(id) FROM orders", "3"),
    ]
    queries = [
        _sql(query, threshold=-1, customProperties=[{"property": "dialect", "value": dialect}])
        for dialect, query, _ in said
    ]
    for result, (_, _, answer) in zip(_asked(DATA.lazy(), *queries), said, strict=True):
        assert f"returned {answer};" in result.message, result.message


@pytest.mark.parametrize(
    ("query", "needs"),
    [
        ("select count(*) from orders", {"orders": ()}),
        ("select sum(AMOUNT) from orders", {"orders": ("amount",)}),
        (
            "select count(*) from orders join customers using (id)",
            {"orders": ("id",), "customers": ("id",)},
        ),
        ("select count(*) from (select * from orders)", {"orders": TABLES["orders"]}),
        ("select orders from orders", {"orders": TABLES["orders"]}),
        ("select count(*) from orders natural join customers", TABLES),
        ("select count(columns(*)) from customers", {"customers": TABLES["customers"]}),
    ],
)
def test_only_the_columns_that_a_query_names_are_read(query: str, needs: Any) -> None:
    assert plan(query, "duckdb", own=["orders"], path=None, tables=TABLES).needs == needs


def test_the_name_of_a_common_table_expression_is_no_way_to_another_table() -> None:
    asked = {"own": ["orders"], "path": None, "tables": TABLES}
    allowed = plan("with x as (select 1) select * from x", "duckdb", **asked)
    assert isinstance(allowed, Plan)
    with pytest.raises(Refused, match="no table at hand"):
        plan("with x as (select 1) select * from other.x", "duckdb", **asked)


def test_a_table_of_which_there_is_no_data_leaves_the_question_open(opened: Open) -> None:
    query = _sql("select count(*) from orders join customers on true")
    why = "no data of customers was given (--data customers=PATH)"
    result = _one(opened(DATA), query, tables={"customers": why})
    assert result.verdict is Verdict.ERROR
    assert result.message.endswith(f"could not be checked, {why}")


def test_a_process_that_ends_before_it_has_read_the_query_is_no_fault_of_the_data() -> None:
    limits = Limits(threads=-1)  # DuckDB does not start with so few
    result = _one(DATA.lazy(), _sql("select count(*) from orders"), limits=limits)
    assert result.verdict is Verdict.ERROR
    assert "its process ended" in result.message


def test_columns_of_any_type_and_name_can_be_asked_for(opened: Open) -> None:
    data = pl.DataFrame(
        {
            "a b": [1],
            'q"q': ["x"],
            "list": [[1, 2]],
            "bytes": [b"x"],
            "when": [datetime(2013, 1, 1)],  # noqa: DTZ001
            "flag": [True],
            "none": pl.Series([None], dtype=pl.Int32),
        }
    )
    query = """
        select count(*) from orders where "a b" = 1 and "q""q" = 'x' and list[2] = 2
        and octet_length(bytes) = 1 and flag and none is null and year("when") = 2013
    """
    assert _one(opened(data), _sql(query, threshold=1)).message.endswith(
        "returned 1; the contract says 1"
    )
