"""What a domain tells of its products: all that is to be known, and no value that is not."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from importlib.resources import files
from types import ModuleType
from typing import Any

import jsonschema
import polars as pl
import pytest
from effort import THOROUGH

from mesh_dagster.clock import frozen
from mesh_dagster.model.address import Address
from mesh_dagster.products.discovering.finding import find
from mesh_dagster.products.discovering.page import page_of
from mesh_dagster.products.keeping.service_levels import reports
from mesh_dagster.products.reading.read import read
from mesh_dagster.products.reading.snippets import Way, snippet
from mesh_dagster.products.telling import describe
from mesh_dagster.products.telling.describe import Telling, tell, tell_domain
from mesh_dagster.registry.documents import document_of
from mesh_dagster.registry.writing import write_document

DAY, NEXT, THIRD = "2013-11-01", "2013-11-02", "2013-11-03"
LEVELS = [
    {"property": "frequency", "value": 1, "unit": "d"},
    {"property": "freshness", "value": 26, "unit": "h"},
]
SECRETS = {"a": ["alpaca", "badger"], "b": ["cicada", "dugong"], "c": ["echidna", "ferret"]}
QUERIES = [
    "select * from shop.animals",
    "select a from shop.animals",
    "select b || c as bc, length(a) as n from shop.animals",
    "select max(c) as c, count(*) as n from shop.animals group by a",
    "with t as (select * from shop.animals) select upper(b) as b from t where c > 'e'",
    "select to_json(t) as t from shop.animals t",
    "select list(columns(*)) from shop.animals",
]


def document(shop: Any, domain: str = "shop") -> dict[str, Any]:
    return json.loads(shop.mesh.documents.read(f"{domain}/discovery.json"))


def entry(shop: Any, path: str = "shop/sales/v1") -> dict[str, Any]:
    every = document(shop, path.partition("/")[0])["products"]
    return next(each for each in every if each["address"] == f"mesh://{path}")


def query(shop: Any, name: str, sql: str, address: str = "shop/sales/v1") -> None:
    folder = shop.load(address).folder / "queries"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.sql").write_text(f"-- What of {name}?\n{sql}\n")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    text = files("mesh_dagster.registry").joinpath("discovery.schema.json").read_text()
    found = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_a_document_tells_how_a_product_has_done(
    anywhere: Any, world: ModuleType, schema: dict[str, Any]
) -> None:
    shop = anywhere
    shop.product(rows=world.sold({DAY: [1, 2], NEXT: [3]}), levels=LEVELS)
    shop.name_owners("ann@shop.example")
    shop.make(DAY)
    shop.make(NEXT)
    query(
        shop, "totals", "select day, sum(amount) as total from shop.sales group by all order by 1"
    )
    query(shop, "broken", "select nothing from shop.sales")
    mesh = shop.mesh
    assert tell_domain(mesh, mesh.domains[0], [shop.load()])
    found = document(shop)
    jsonschema.validate(found, schema, jsonschema.Draft202012Validator)
    told = entry(shop)
    assert [each["number"] for each in told["publications"]] == [2, 1]
    assert told["publications"][0]["rows"] == {"": 3}
    assert told["publications"][0]["partitions"] == [NEXT]
    assert told["ports"][0]["sqlName"] == "shop.sales_v1"
    assert told["ports"][0]["location"] == mesh.storage.uri("shop/sales/v1/ports/_")
    assert told["access"]["team"] == "Team shop"
    assert {each["name"] for each in told["slos"]} == {"frequency", "freshness"}
    assert {each["outcome"] for each in told["quality"]} == {"passed"}
    broken, totals = told["queries"]
    assert (totals["title"], totals["publication"]) == ("What of totals?", 2)
    assert totals["columns"] == ["day", "total"]
    assert totals["rows"] == [[DAY, 3], [NEXT, 3]]
    assert "nothing" in broken["note"]
    assert broken["rows"] == []
    assert not tell(mesh, shop.load())
    assert not tell_domain(mesh, mesh.domains[0], [shop.load()])


def test_who_reads_tells_what_it_really_read(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    shop.product(
        "books/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        sql="select day, sum(amount)::bigint as amount from sales group by day",
    )
    shop.make(DAY, address="books/totals")
    (read,) = entry(shop, "books/totals/v1")["reads"]
    assert read["address"] == "mesh://shop/sales/v1"
    assert read["publication"] == 1
    page = page_of(shop.mesh, Address.parse("shop/sales"))
    assert [each.path for each in page.readers or ()] == ["books/totals/v1"]


def test_no_value_of_a_classified_column_is_ever_in_a_document(shop: Any) -> None:
    """None, each and all of the columns are classified, with whatever a query makes of them.

    With MESH_THOROUGH every choice of them.
    """
    counts = range(len(SECRETS) + 1) if THOROUGH else (0, 1, len(SECRETS))
    choices = [each for count in counts for each in itertools.combinations(SECRETS, count)]
    for number, hidden in enumerate(choices):
        path = f"zoo_{number}/animals/v1"
        columns = {
            name: {"physicalType": "VARCHAR"}
            | ({"classification": "restricted"} if name in hidden else {})
            for name in SECRETS
        }
        shop.product(path, columns, SECRETS)
        for at, sql in enumerate(QUERIES):
            query(shop, f"q{at}", sql.replace("shop.", f"zoo_{number}."), path)
        shop.make(address=path)
        mesh, loaded = shop.mesh, shop.load(path)
        tell_domain(mesh, loaded.domain, [loaded])
        text = mesh.documents.read(f"zoo_{number}/discovery.json").decode().lower()
        seen = {name for name, values in SECRETS.items() if any(each in text for each in values)}
        assert seen == set(SECRETS) - set(hidden)


def test_what_lies_within_a_classified_column_is_as_hidden(shop: Any) -> None:
    columns = {
        "id": "BIGINT",
        "person": {
            "physicalType": "STRUCT",
            "logicalType": "object",
            "properties": [
                {"name": "name", "logicalType": "string", "classification": "confidential"},
                {"name": "town", "logicalType": "string"},
            ],
        },
    }
    rows = pl.DataFrame({"id": [1], "person": [{"name": "Zebedee", "town": "Ulm"}]})
    shop.product("shop/people/v1", columns, rows)
    query(shop, "every", "select * from shop.people", "shop/people/v1")
    query(shop, "names", "select person.name from shop.people", "shop/people/v1")
    shop.make(address="shop/people")
    mesh = shop.mesh
    tell_domain(mesh, mesh.domains[0], [shop.load("shop/people/v1")])
    assert b"Zebedee" not in mesh.documents.read("shop/discovery.json")
    every, names = entry(shop, "shop/people/v1")["queries"]
    assert every["columns"] == ["id", "_recorded_at"]
    assert "person" in names["note"]


def test_a_classified_event_time_is_not_told(shop: Any, world: ModuleType) -> None:
    moment = {"physicalType": "TIMESTAMPTZ", "classification": "secret"}
    rows = {"at": [datetime(2013, 11, 1, 7, tzinfo=UTC)]}
    table = {"customProperties": [{"property": "eventTime", "value": "at"}]}
    shop.product("shop/visits/v1", {"at": moment}, rows, table=table)
    shop.make(address="shop/visits")
    assert "newestEvent" not in entry(shop, "shop/visits/v1")
    shop.product("shop/tours/v1", {"at": "TIMESTAMPTZ"}, rows, table=table)
    shop.make(address="shop/tours")
    assert entry(shop, "shop/tours/v1")["newestEvent"] == "2013-11-01T07:00:00+00:00"


def telling(shop: Any) -> Telling:
    mesh = shop.mesh
    loaded = [mesh.load(each.address) for each in mesh.own()]
    return Telling(mesh, mesh.domains[0], loaded)


def standings(shop: Any) -> list[Any]:
    mesh = shop.mesh
    loaded = [mesh.load(each.address) for each in mesh.own()]
    return [each for one in reports(mesh, loaded) for each in one.standings]


def test_a_location_tells_of_what_was_never_made_and_goes_on_telling(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1], NEXT: [-1]}), levels=LEVELS)
    with frozen(datetime(2013, 11, 2, 6, tzinfo=UTC)):
        told = telling(shop)
        assert told.refresh(standings(shop))
        assert "publications" not in entry(shop)
        assert not told.refresh(standings(shop))
        shop.make(DAY)
        assert entry(shop)["publications"][0]["number"] == 1
        told.refresh(standings(shop))
        assert not told.refresh(standings(shop))
    with frozen(datetime(2013, 11, 9, 6, tzinfo=UTC)):
        assert told.refresh(standings(shop))
        states = {each["name"]: each["state"] for each in entry(shop)["slos"]}
        assert states["frequency"] == "breached"
        shop.make(NEXT)
        assert {each["outcome"] for each in entry(shop)["quality"]} >= {"failed"}


def test_a_new_contract_is_told_with_the_publication_that_keeps_it(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    folder = shop.load().folder
    for name in ("contract.odcs.yaml", "product.odps.yaml"):
        file = folder / name
        text = file.read_text().replace("version: 1.0.0", "version: 1.1.0")
        file.write_text(f"{text}tags: [new]\n")
    telling(shop).refresh([])
    found = entry(shop)
    assert found["contracts"][""]["version"] == "1.0.0"
    assert found["product"]["tags"] == ["new"]
    shop.make(DAY)
    assert entry(shop)["contracts"][""]["version"] == "1.1.0"


def test_a_product_that_is_gone_is_told_of_only_if_it_was_published(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    for name in ("kept", "gone"):
        shop.product(f"shop/{name}/v1", {"a": "BIGINT"}, {"a": [1]})
    telling(shop).refresh([])
    shop.make(address="shop/kept")
    for name in ("kept", "gone"):
        (shop.load(f"shop/{name}/v1").folder / "product.odps.yaml").unlink()
    telling(shop).refresh([])
    addresses = [each["address"] for each in document(shop)["products"]]
    assert addresses == ["mesh://shop/kept/v1", "mesh://shop/sales/v1"]


@pytest.mark.parametrize("way", ["a run", "a location"])
def test_what_was_told_of_a_newer_publication_meanwhile_stays(
    shop: Any, world: ModuleType, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A process is about to write what it has put together; another publishes and tells first."""
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    located = telling(shop)
    located.refresh([])
    waiting = [partial(shop.make, DAY)]

    def write(*given: Any) -> bool:
        if waiting:
            waiting.pop()()
        return write_document(*given)

    monkeypatch.setattr(describe, "write_document", write)
    shop.feed(world.sold({DAY: [1, 2]}))
    if way == "a run":
        tell(shop.mesh, shop.load())
    else:
        telling(shop).refresh([])
    told = entry(shop)["publications"]
    assert [(each["number"], each["rows"]) for each in told] == [(2, {"": 2}), (1, {"": 1})]
    located.refresh([])
    assert [each["number"] for each in entry(shop)["publications"]] == [2, 1]


def test_a_product_that_begins_anew_is_told_as_it_is(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    shop.make(DAY)
    state = shop.root / ".mesh"
    for each in (state / "storage" / "shop", state / "journals"):
        shutil.rmtree(each)
    shop.make(DAY)
    assert [each["number"] for each in entry(shop)["publications"]] == [1]


def test_examples_are_run_anew_when_their_publication_is_long_gone(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    query(shop, "rows", "select count(*) as n from shop.sales")
    shop.make(DAY)
    telling(shop).refresh([])
    assert entry(shop)["queries"][0]["rows"] == [[1]]
    shop.feed(world.sold({DAY: [1, 2]}))
    shop.make(DAY)
    assert entry(shop)["queries"][0]["publication"] == 1
    for _ in range(4):
        shop.make(DAY)
    telling(shop).refresh([], seconds=0)
    assert entry(shop)["queries"][0]["publication"] == 1
    telling(shop).refresh([])
    assert entry(shop)["queries"][0]["publication"] == 6
    assert entry(shop)["queries"][0]["rows"] == [[2]]


def test_a_product_is_found_where_every_other_domain_and_storage_is_down(
    anywhere: Any, world: ModuleType
) -> None:
    anywhere.product(rows=world.sold({DAY: [1]}))
    anywhere.make(DAY)
    mesh = anywhere.mesh
    assert [each.path for each in find(mesh, "sales").hits] == ["shop/sales/v1"]
    (anywhere.root / "domains").rename(anywhere.root / "elsewhere")
    assert [each.path for each in find(anywhere.mesh, "sale").hits] == ["shop/sales/v1"]
    assert document_of(mesh.documents, "shop").entries.keys() == {"shop/sales/v1"}


def run_python(shop: Any, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=shop.root, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("way", [each for each in Way if each is not Way.SQL])
def test_a_script_that_reads_a_product_runs_as_it_stands(
    read_by: Any, way: Way, tmp_path: Any
) -> None:
    ran = run_python(read_by, snippet(Address.parse("shop/sales/v1"), way))
    assert ran.returncode == 0, ran.stderr
    assert "tea" in ran.stdout


def test_a_script_of_spark_reads_what_older_files_lack_or_hold_narrower(
    shop: Any, world: ModuleType
) -> None:
    first, second = date(2013, 11, 1), date(2013, 11, 2)
    old = {"amount": ("INTEGER", pl.Int32, 1), "price": ("FLOAT", pl.Float32, 0.5),
           "cost": ("DECIMAL(5,2)", pl.Decimal(5, 2), Decimal("1.25"))}  # fmt: skip
    new = {"amount": ("BIGINT", pl.Int64, 1 << 40), "price": ("DOUBLE", pl.Float64, 0.1),
           "cost": ("DECIMAL(9,2)", pl.Decimal(9, 2), Decimal("12345.25")),
           "no`te": ("VARCHAR", pl.String, "x")}  # fmt: skip
    for day, stated in ((first, old), (second, new)):
        columns = {"day": "DATE"} | {name: kind for name, (kind, _, _) in stated.items()}
        types = {"day": pl.Date} | {name: kind for name, (_, kind, _) in stated.items()}
        values = {"day": [day]} | {name: [value] for name, (_, _, value) in stated.items()}
        rows = pl.DataFrame(values, schema=types)
        shop.product("shop/sums/v1", columns, rows, partitions=world.DAILY)
        shop.make(day.isoformat(), address="shop/sums")
    script = snippet(Address.parse("shop/sums/v1"), Way.SPARK)
    script += 'print(*sums.drop("_recorded_at").orderBy("day").toJSON().collect(), sep="\\n")\n'
    ran = run_python(shop, script)
    assert ran.returncode == 0, ran.stderr
    assert [json.loads(line) for line in ran.stdout.splitlines()[-2:]] == [
        {"day": DAY, "amount": 1, "price": 0.5, "cost": 1.25},
        {"day": NEXT, "amount": 1 << 40, "price": 0.1, "cost": 12345.25, "no`te": "x"},
    ]
    narrow = read("shop/sums", columns=["no`te", "day"], mesh=shop.mesh)
    assert narrow.spark_schema == "`no``te` STRING, `day` DATE"


@pytest.mark.parametrize("address", ["shop/sales/v1", "order/lines/v1", "left/join/v1"])
def test_a_line_of_sql_runs_as_it_stands(read_by: Any, address: str) -> None:
    line = snippet(Address.parse(address), Way.SQL)
    assert line.startswith("mesh query ")
    python = f"{sys.executable} -m mesh_dagster.cli"
    ran = subprocess.run(
        line.replace("mesh", python, 1),
        shell=True,
        cwd=read_by.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "tea" in ran.stdout


@pytest.fixture(scope="module")
def read_by(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A mesh that scripts read."""
    shop = world.Shop.new(tmp_path_factory.mktemp("scripts") / "mesh")
    shop.product(rows=world.sold({DAY: [1], NEXT: [2]}))
    shop.make(DAY)
    shop.make(NEXT)
    for name in ("order/lines", "left/join"):
        shop.product(f"{name}/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
        shop.make(address=name)
    return shop
