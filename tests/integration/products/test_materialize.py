"""Write, audit, publish: what becomes of each partition, and what is told when it cannot be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from mesh_dagster.clock import frozen
from mesh_dagster.errors import NeverPublished, TransformError, UndeclaredInput, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.snapshot import AttemptState, Outcome
from mesh_dagster.products.deciding.reaudit import quarantined
from mesh_dagster.products.reading.read import read
from mesh_dagster.products.reading.snapshots import snapshots

DAY, NEXT, THIRD = "2013-11-01", "2013-11-02", "2013-11-03"
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


def test_a_product_without_partitions_is_replaced_as_a_whole(
    anywhere: Any, world: ModuleType
) -> None:
    anywhere.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea", "jam"]}, key=["item"])
    first = anywhere.make(address="shop/items")
    assert first.state is AttemptState.FINISHED
    assert world.outcomes(first) == {None: Outcome.PUBLISHED}
    anywhere.feed({"item": ["rum"]}, "shop/items")
    anywhere.make(address="shop/items")
    found = read("shop/items", mesh=anywhere.mesh, columns=["item"])
    assert found.polars().collect().rows() == [("rum",)]
    assert [each.number for each in snapshots(anywhere.mesh, Address.parse("shop/items/v1"))] == [
        2,
        1,
    ]


def test_each_partition_of_a_range_is_decided_by_itself(anywhere: Any, world: ModuleType) -> None:
    anywhere.product(rows=world.sold({DAY: [1, 2], NEXT: [-1, 3], THIRD: [4]}))
    attempt = anywhere.make(DAY, NEXT, THIRD)
    assert world.outcomes(attempt) == {
        DAY: Outcome.PUBLISHED,
        NEXT: Outcome.QUARANTINED,
        THIRD: Outcome.PUBLISHED,
    }
    assert [each.rows for each in attempt.decisions] == [2, 2, 1]
    assert anywhere.amounts() == {DAY: [1, 2], THIRD: [4]}
    (waiting,) = quarantined(anywhere.mesh, anywhere.load())
    assert waiting.decision.partition == NEXT
    assert [(each.column, each.failed) for each in waiting.failures] == [("amount", 1)]
    (newest,) = snapshots(anywhere.mesh, Address.parse(world.SALES))
    assert newest.partitions == (DAY, THIRD)


def test_all_ports_of_a_partition_change_together_or_not_at_all(
    anywhere: Any, world: ModuleType
) -> None:
    late = world.LATE | {
        "amount": {"physicalType": "BIGINT", "logicalTypeOptions": {"maximum": 10}}
    }
    rows = world.sold({DAY: [1], NEXT: [11]})
    anywhere.product(rows=rows, transform=world.TWO_PORTS, ports={"late": late})
    attempt = anywhere.make(DAY, NEXT)
    assert world.outcomes(attempt) == {DAY: Outcome.PUBLISHED, NEXT: Outcome.QUARANTINED}
    assert anywhere.amounts() == anywhere.amounts("shop/sales/v1/late") == {DAY: [1]}
    failed = {each.port for d in attempt.decisions for each in d.results if each.blocks}
    assert failed == {"late"}


def test_majors_live_side_by_side(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.product("shop/sales/v2", world.COLUMNS, world.sold({DAY: [2]}), partitions=world.DAILY)
    shop.make(DAY)
    shop.make(DAY, address="shop/sales/v2")
    assert shop.amounts("shop/sales/v1") == {DAY: [1]}
    assert shop.amounts("shop/sales/v2") == {DAY: [2]}
    assert shop.amounts("shop/sales") == {DAY: [2]}


def test_a_partition_without_rows_is_published_and_known_as_such(
    anywhere: Any, world: ModuleType
) -> None:
    anywhere.product(rows=world.sold({DAY: [1]}))
    assert world.outcomes(anywhere.make(DAY, NEXT)) == dict.fromkeys((DAY, NEXT), Outcome.PUBLISHED)
    anywhere.product(
        "shop/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        sql="select day, sum(amount)::bigint as amount from sales group by day",
    )
    made = anywhere.make(NEXT, address="shop/totals")
    assert [(each.outcome, each.rows) for each in made.decisions] == [(Outcome.PUBLISHED, 0)]
    assert anywhere.amounts("shop/totals") == {}


def test_an_upstream_partition_that_is_not_published_is_waited_for(
    anywhere: Any, world: ModuleType
) -> None:
    anywhere.product(rows=world.sold({DAY: [1], NEXT: [-1]}))
    anywhere.product(
        "shop/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        transform="def transform(sales):\n    return sales.select('day', 'amount')\n",
    )
    with pytest.raises(NeverPublished, match="has no publication"):
        anywhere.make(DAY, address="shop/totals")
    anywhere.make(DAY, NEXT)
    with pytest.raises(NeverPublished, match=f"not published: {NEXT}") as caught:
        anywhere.make(DAY, NEXT, address="shop/totals")
    assert caught.value.fix == "mesh quarantine shop/sales/v1"
    assert "product.odps.yaml" in caught.value.where
    made = anywhere.make(DAY, address="shop/totals")
    assert world.outcomes(made) == {DAY: Outcome.PUBLISHED}
    (read_,) = made.reads
    assert (read_.port, read_.number, read_.partitions) == ("sales", 1, (DAY,))


@pytest.mark.parametrize("asked", [("2013-11-08", "2013-11-10"), ("2013-11-08", "2013-11-09")])
def test_a_window_reads_the_days_before_each_partition_of_a_range(
    shop: Any, world: ModuleType, asked: tuple[str, ...]
) -> None:
    days = [f"2013-11-{n:02}" for n in range(1, 12)]
    shop.product(rows=world.sold({day: [n] for n, day in enumerate(days, 1)}))
    shop.make(*days)
    folder = shop.product(
        "shop/seen/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        wiring={"inputs": {"sales": {"window": [-7, -1]}}},
        transform=SEEN,
    )
    shop.make(*asked, address="shop/seen")
    seen = [int(n) for n in (folder / "seen.txt").read_text().split()]
    wanted = {n for day in asked for n in range(int(day[-2:]) - 7, int(day[-2:]))}
    assert seen == sorted(wanted)


SEEN = """
from pathlib import Path

def transform(sales, window):
    amounts = sales.collect()["amount"].sort().to_list()
    Path(__file__).with_name("seen.txt").write_text(" ".join(map(str, amounts)))
    return sales.select("day", "amount").head(0)
"""


def test_a_window_over_the_first_days_reads_those_that_exist(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1], NEXT: [2]}))
    shop.make(DAY, NEXT)
    folder = shop.product(
        "shop/seen/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        wiring={"inputs": {"sales": {"window": [-7, -1]}}},
        transform=SEEN,
    )
    for key, seen in ((THIRD, "1 2"), (DAY, "")):
        attempt = shop.make(key, address="shop/seen")
        assert (folder / "seen.txt").read_text() == seen
    assert attempt.reads[0].partitions == ()


RETURNS = {
    "polars": "return rows.collect()",
    "lazy": "return rows",
    "pandas": "return rows.collect().to_pandas()",
    "arrow": "return rows.collect().to_arrow()",
    "reader": "return rows.collect().to_arrow().to_reader()",
    "duckdb": "import duckdb; t = rows.collect().to_arrow(); return duckdb.sql('from t')",
    "path": "rows.sink_parquet(OUT); return str(OUT)",
    "paths": "rows.sink_parquet(OUT); return [OUT]",
}


@pytest.mark.parametrize("kind", RETURNS)
def test_a_transform_returns_any_frame(shop: Any, kind: str) -> None:
    code = "from pathlib import Path\nOUT = Path(__file__).with_name('out.parquet')\n"
    shop.product(
        "shop/items/v1",
        {"item": "VARCHAR", "amount": "BIGINT"},
        {"item": ["tea", "jam"], "amount": [1, None] if kind != "pandas" else [1, 2]},
        transform=f"{code}def transform(rows):\n    {RETURNS[kind]}\n",
    )
    assert [each.rows for each in shop.make(address="shop/items").decisions] == [2]
    found = read("shop/items", mesh=shop.mesh).polars().collect()
    assert sorted(found["item"]) == ["jam", "tea"]
    assert found.columns == ["item", "amount", "_recorded_at"]


def _python(shop: Any, code: str) -> Path:
    rows = {"item": ["tea"]}
    return shop.product("shop/items/v1", {"item": "VARCHAR"}, rows, transform=code)


def test_a_type_that_no_port_has_is_refused_by_the_name_of_its_column(shop: Any) -> None:
    rows = {"item": ["tea"]}
    query = "select item, to_days(1) as late, [to_days(1)] as all_late from rows"
    shop.product("shop/items/v1", {"item": "VARCHAR"}, rows, sql=query)
    with pytest.raises(TransformError, match="that no port has, INTERVAL: late, all_late"):
        shop.make(address="shop/items")


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ("def transform(rows):\n    return 1 / 0\n", ":2", "ZeroDivisionError: division by zero"),
        ("import nothing_like_it\n", ":1", "No module named 'nothing_like_it'"),
        ("def transform(rows)\n    return rows\n", ":1", "SyntaxError"),
        ("def transform(rows):\n    return 7\n", "", "which is no frame"),
        ("def transform(rows):\n    return None\n", "", "which is no frame"),
        ("def transformed(rows):\n    return rows\n", "", "no function `transform`"),
        ("def transform(rows):\n    return {'other': rows}\n", "", r"returned the ports \['other'"),
        (
            "import polars as pl\ndef transform(rows):\n    return rows.select('itm')\n",
            "",
            "itm",
        ),
    ],
)
def test_an_error_of_a_transform_names_its_place(
    shop: Any, code: str, line: str, message: str
) -> None:
    folder = _python(shop, code)
    with pytest.raises(TransformError, match=message) as caught:
        shop.make(address="shop/items")
    where = caught.value.where
    assert where is not None
    assert where.startswith(str(folder))
    assert where.endswith(f"transform.py{line}" if line else "")
    (attempt,) = _attempts(shop, "shop/items/v1")
    assert attempt.state is AttemptState.FAILED
    assert "Error" in attempt.error
    assert shop.files(attempt.id, "shop/items") == []


def _attempts(shop: Any, path: str) -> list[Any]:
    with shop.mesh.journal("shop") as journal:
        return journal.attempts(path)


def test_a_transform_may_have_dataclasses_and_functions_of_its_own(shop: Any) -> None:
    _python(
        shop,
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Kept:\n    rows: object\n"
        "def transform(rows):\n    return Kept(rows).rows\n",
    )
    assert shop.make(address="shop/items").decisions[0].rows == 1


def test_an_undeclared_input_has_nothing_to_be_read_with(shop: Any) -> None:
    folder = _python(shop, "x = 1\ndef transform(row):\n    return row\n")
    with pytest.raises(UndeclaredInput, match="did you mean `rows`") as caught:
        shop.make(address="shop/items")
    assert caught.value.where == f"{folder}/transform.py:2"


@pytest.mark.parametrize(
    ("sql", "kind", "message", "line"),
    [
        ("\n\nselect *\nfrom row", UndeclaredInput, "'row', which is no input.*mean `rows`", ":4"),
        ("from read_csv('/etc/passwd')", UndeclaredInput, "disabled by configuration", ""),
        ("select itm from rows", TransformError, "itm", ":1"),
        ("select 1; select 2", TransformError, "SELECT and SELECT", ""),
        ("drop table rows", TransformError, "this is DROP", ""),
        ("selec 1", TransformError, "this is not SQL", ":1"),
        ("select cast(item as int) as item from rows", TransformError, "Conversion Error", ""),
    ],
)
def test_sql_reads_its_input_ports_and_nothing_else(
    shop: Any, sql: str, kind: type[Exception], message: str, line: str
) -> None:
    folder = shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]}, sql=sql)
    with pytest.raises(kind, match=re.compile(message, re.DOTALL)) as caught:
        shop.make(address="shop/items")
    assert caught.value.where.startswith(f"{folder}/transform.sql{line}")


def test_sql_gets_the_partitions_it_makes(shop: Any, world: ModuleType) -> None:
    sql = """
        -- the days asked for
        select day, item, amount from rows
        where day between $first_partition::date and $last_partition::date
    """
    shop.product(rows=world.sold({DAY: [1], NEXT: [2], THIRD: [3]}), sql=sql)
    shop.make(NEXT, THIRD)
    assert shop.amounts() == {NEXT: [2], THIRD: [3]}


def test_rows_outside_of_the_partitions_asked_for_are_refused(shop: Any, world: ModuleType) -> None:
    code = "def transform(rows):\n    return rows\n"
    folder = shop.product(rows=world.sold({DAY: [1], NEXT: [2]}), transform=code)
    with pytest.raises(TransformError, match=f"1 rows are outside .*{NEXT}") as caught:
        shop.make(DAY)
    assert caught.value.where.startswith(str(folder))
    with pytest.raises(NeverPublished):
        shop.amounts()


def test_partitions_are_named_where_there_are_some_and_only_there(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    _python(shop, "def transform(rows):\n    return rows\n")
    with pytest.raises(UsageError, match="none was named"):
        shop.make()
    with pytest.raises(UsageError, match="is no partition"):
        shop.make("2013-11")
    with pytest.raises(UsageError, match="has no partitions"):
        shop.make(DAY, address="shop/items")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"item": ["tea"], "amount": [1.5]}, "amount is double"),
        ({"item": ["tea"], "amount": [1], "more": [1]}, "more"),
        ({"item": ["tea"]}, "amount"),
    ],
)
def test_a_schema_that_is_not_the_contracts_is_quarantined_and_other_rules_still_answer(
    shop: Any, frame: dict[str, list[Any]], message: str
) -> None:
    columns = {
        "item": {"physicalType": "VARCHAR", "required": True},
        "amount": {"physicalType": "BIGINT", "required": True},
    }
    rule = {"name": "some", "metric": "rowCount", "mustBeGreaterThan": 0}
    shop.product("shop/items/v1", columns, frame, quality=[rule])
    (decision,) = shop.make(address="shop/items").decisions
    assert decision.outcome is Outcome.QUARANTINED
    by_kind = {each.kind: each for each in decision.results if each.column != "amount"}
    assert by_kind["schema"].verdict is Verdict.FAILED
    assert message in by_kind["schema"].message
    assert by_kind["schema"].where.partition(":")[0].endswith("contract.odcs.yaml")
    assert by_kind["required"].verdict is Verdict.PASSED
    assert by_kind["row_count"].verdict is Verdict.PASSED


def test_a_key_that_spans_partitions_is_held_against_the_whole_port(
    shop: Any, world: ModuleType
) -> None:
    columns = {"day": "DATE", "item": "VARCHAR"}
    rows = world.sold({DAY: [1], NEXT: [2]}).select("day", "item")
    shop.product("shop/firsts/v1", columns, rows, key=["item"], partitions=world.DAILY)
    assert world.outcomes(shop.make(DAY, address="shop/firsts")) == {DAY: Outcome.PUBLISHED}
    assert world.outcomes(shop.make(DAY, address="shop/firsts")) == {DAY: Outcome.PUBLISHED}
    assert world.outcomes(shop.make(NEXT, address="shop/firsts")) == {NEXT: Outcome.QUARANTINED}


def test_a_key_over_a_new_column_counts_the_rows_from_before_as_empty(
    shop: Any, world: ModuleType
) -> None:
    code = "def transform(rows, window):\n    return rows.filter(day=window.start.date())"
    rows = world.sold({DAY: [1], NEXT: [2]}).select("day", "item")
    shop.product(
        "shop/firsts/v1",
        {"day": "DATE"},
        rows.select("day"),
        partitions=world.DAILY,
        transform=code,
    )
    shop.make(DAY, address="shop/firsts")
    columns = {"day": "DATE", "item": "VARCHAR"}
    shop.product(
        "shop/firsts/v1", columns, rows, key=["item"], partitions=world.DAILY, transform=code
    )
    made = shop.make(NEXT, address="shop/firsts")
    assert world.outcomes(made) == {NEXT: Outcome.PUBLISHED}


def test_two_ports_of_an_upstream_are_read_in_one_state(shop: Any, world: ModuleType) -> None:
    rows = world.sold({DAY: [1]})
    shop.product(rows=rows, transform=world.TWO_PORTS, ports={"late": world.LATE})
    shop.make(DAY)
    shop.product(
        "shop/both/v1",
        {"amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1", "late": "mesh://shop/sales/v1/late"},
        sql="select s.amount from sales s join late l using (day, amount)",
    )
    made = shop.make(address="shop/both")
    assert [each.rows for each in made.decisions] == [1]
    assert len({each.publication for each in made.reads}) == 1


def test_the_event_times_of_what_was_published_are_on_the_record(
    shop: Any, world: ModuleType
) -> None:
    table = {"customProperties": [{"property": "eventTime", "value": "at"}]}
    rows = world.sold({DAY: [1, 2]}).with_columns(
        at=pl.Series(["2013-11-01T05:00:00Z", "2013-11-01T21:30:00Z"]).str.to_datetime(
            time_zone="UTC"
        )
    )
    shop.product(
        "shop/sales/v1",
        world.COLUMNS | {"at": "TIMESTAMPTZ"},
        rows,
        partitions=world.DAILY,
        table=table,
    )
    with frozen(NOON):
        (decision,) = shop.make(DAY).decisions
    times = [moment.strftime("%H:%M") for moment in (decision.event_min, decision.event_max)]
    assert times == ["05:00", "21:30"]
    recorded = read("shop/sales", mesh=shop.mesh).polars().collect()["_recorded_at"]
    assert recorded.unique().to_list() == [NOON]


@pytest.mark.parametrize("work", ["read('shop/sales')", "query('from shop.sales')"])
def test_a_transform_cannot_read_past_its_input_ports(shop: Any, work: str) -> None:
    transform = f"import mesh_dagster\n\ndef transform():\n    return mesh_dagster.{work}\n"
    shop.product("shop/totals/v1", {"n": "BIGINT"}, transform=transform)
    with pytest.raises(UndeclaredInput, match="not by an input port") as caught:
        shop.make(address="shop/totals/v1")
    assert (caught.value.where or "").endswith("transform.py:4")
    assert "declare an input port" in (caught.value.fix or "")
