"""The port `masked`: made, audited and published with the first one, and nothing gets out by it."""

from __future__ import annotations

import json
import logging
import random
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.errors import EvaluationError, NeverPublished
from mesh_dagster.model.address import Address
from mesh_dagster.model.mask import MASKED
from mesh_dagster.model.review import Action
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.ports.open import PortData
from mesh_dagster.products.check import check
from mesh_dagster.products.deciding.differences import compared
from mesh_dagster.products.deciding.reaudit import quarantined, rows_that_fail
from mesh_dagster.products.making.column_lineage import column_lineage
from mesh_dagster.products.reading.read import open_published, read
from mesh_dagster.products.telling.describe import tell, tell_domain

PEOPLE = "shop/people/v1"
HIDDEN = f"{PEOPLE}/{MASKED}"
DAYS = ("2013-11-01", "2013-11-02")
DAILY = {"every": "day", "column": "day", "start": "2013-11-01"}


def stated(kind: str, mask: Any, **rest: Any) -> dict[str, Any]:
    custom = [{"property": "mask", "value": mask}]
    return {"physicalType": kind, "customProperties": custom, **rest}


COLUMNS: dict[str, Any] = {
    "day": {"physicalType": "DATE", "required": True},
    "person": stated("BIGINT", "hash", required=True),
    "mail": {"physicalType": "VARCHAR", "classification": "pii"},
    "name": stated("VARCHAR", {"truncate": 2}, required=True),
    "born": stated("DATE", {"generalise": "year"}),
    "pay": stated("DOUBLE", {"generalise": 1000}, logicalTypeOptions={"minimum": 0}),
    "phone": stated("VARCHAR", "null"),
    "note": stated("VARCHAR", "drop"),
    "amount": "BIGINT",
}


def people(seed: int, rows: int = 3) -> pl.DataFrame:
    """People of two days, every value of whom is found nowhere else; each day pays one less."""
    chance = random.Random(seed)

    def token() -> str:
        return "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=14))

    return pl.DataFrame(
        {
            "day": [date.fromisoformat(day) for day in DAYS for _ in range(rows)],
            "person": [chance.randrange(10**17, 10**18) for _ in range(2 * rows)],
            "mail": [f"{token()}@{token()}.example" for _ in range(2 * rows)],
            "name": [token() for _ in range(2 * rows)],
            "born": [
                date(1890, 1, 2) + timedelta(days=chance.randrange(20_000)) for _ in range(2 * rows)
            ],
            "pay": [chance.uniform(1e3, 1e5) for _ in range(2 * rows - 1)] + [-1234567.8901234],
            "phone": [token() for _ in range(2 * rows)],
            "note": [token() for _ in range(2 * rows)],
            "amount": list(range(2 * rows)),
        },
        schema_overrides={"person": pl.Int64, "amount": pl.Int64},
    )


@pytest.fixture
def roster(world: Any, tmp_path: Path) -> Any:
    """A mesh that hashes what is personal, with a product of people."""
    shop = world.Shop.new(tmp_path / "mesh", access={"masks": {"pii": "hash"}})
    shop.product(PEOPLE, COLUMNS, people(1), partitions=DAILY)
    return shop


def shown(shop: Any, **asked: Any) -> pl.DataFrame:
    return read(HIDDEN, mesh=shop.mesh, **asked).polars().collect()


def opened(shop: Any) -> PortData:
    """The first port, past who may read it."""
    return open_published(shop.mesh, Address.parse(PEOPLE))


def test_both_ports_become_visible_by_one_publication(roster: Any) -> None:
    made = roster.make(DAYS[0], address=PEOPLE)
    assert made.decisions[0].outcome is Outcome.PUBLISHED
    assert made.decisions[0].rows == 3, "rows that are there twice are counted once"
    raw = opened(roster)
    hidden = read(HIDDEN, mesh=roster.mesh)
    assert raw.publication == hidden.publication
    assert not set(raw.files) & set(hidden.files)
    assert all("/ports/masked/" in each for each in hidden.files)
    found = hidden.polars().collect()
    assert found.columns == [
        *["day", "person", "mail", "name", "born", "pay", "phone", "amount", "_recorded_at"]
    ]
    assert found["phone"].null_count() == found.height == 3
    assert found["amount"].to_list() == [0, 1, 2]
    assert {each.port for each in made.decisions[0].results} == {None, MASKED}


def test_the_masked_port_is_asked_for_in_sql_too(roster: Any) -> None:
    roster.make(DAYS[0], address=PEOPLE)
    found = roster.mesh.query("select count(distinct mail) n from shop.people_v1__masked")
    assert found.rows() == [(3,)]


def test_masked_keys_of_two_products_join(roster: Any) -> None:
    roster.product(
        "shop/orders/v1", {"who": stated("BIGINT", "hash")}, people(1).select(who="person")
    )
    roster.make(DAYS[0], address=PEOPLE)
    roster.make(address="shop/orders/v1")
    joined = roster.mesh.query(
        "select p.amount from shop.people_v1__masked p join shop.orders_v1__masked o "
        "on p.person = o.who order by 1"
    )
    assert joined["amount"].to_list() == [0, 1, 2]


def test_what_is_quarantined_is_so_in_both_ports(roster: Any) -> None:
    made = roster.make(*DAYS, address=PEOPLE)
    assert [each.outcome for each in made.decisions] == [Outcome.PUBLISHED, Outcome.QUARANTINED]
    assert shown(roster)["amount"].to_list() == [0, 1, 2]


def test_what_is_released_is_masked_anew(roster: Any) -> None:
    roster.name_owners("owner@example.org")
    roster.make(*DAYS, address=PEOPLE)
    contract = roster.load(PEOPLE).folder / "contract.odcs.yaml"
    contract.write_text(_also_masked(contract.read_text(), "amount"))
    assert "amount" in roster.load(PEOPLE).masks
    (review,) = roster.reviews(kind="quarantine", partition=DAYS[1])
    roster.decide(Action.RELEASE, review=review)
    found = shown(roster)
    assert "amount" not in found.columns
    assert found["day"].unique().to_list() == [date.fromisoformat(DAYS[1])]


def _also_masked(contract: str, column: str) -> str:
    """A contract in which one more column is dropped."""
    document = yaml.safe_load(contract)
    (found,) = (each for each in document["schema"][0]["properties"] if each["name"] == column)
    found.setdefault("customProperties", []).append({"property": "mask", "value": "drop"})
    return str(yaml.safe_dump(document, sort_keys=False))


def test_a_port_that_is_masked_otherwise_begins_anew_and_its_past_is_shown_to_nobody(
    roster: Any,
) -> None:
    roster.feed(people(2).with_columns(pay=pl.lit(5000.0)), PEOPLE)
    roster.make(DAYS[0], address=PEOPLE)
    contract = roster.load(PEOPLE).folder / "contract.odcs.yaml"
    contract.write_text(_also_masked(contract.read_text(), "amount"))
    assert [each.code for each in check(roster.mesh)] == ["MESH-C041"], "a patch, and no break"
    assert "amount" not in shown(roster).columns, "what its contract names no more is not open"
    roster.make(DAYS[1], address=PEOPLE)
    found = shown(roster)
    assert "amount" not in found.columns
    assert found["day"].unique().to_list() == [date.fromisoformat(DAYS[1])]
    assert opened(roster).polars().collect().height == 6
    with pytest.raises(NeverPublished, match="masked otherwise") as refused:
        shown(roster, as_of=1)
    assert refused.value.code == "MESH-A052"
    roster.rollback(1, PEOPLE)
    with pytest.raises(NeverPublished):
        shown(roster)
    roster.rollback(1, PEOPLE)
    with pytest.raises(NeverPublished):
        shown(roster)
    roster.make(DAYS[0], address=PEOPLE)
    assert "amount" not in shown(roster).columns


def test_masks_that_come_to_a_published_product_break_none_of_its_promises(
    world: Any, tmp_path: Path
) -> None:
    shop = world.Shop.new(tmp_path / "mesh")
    columns = {"id": "BIGINT", "mail": {"physicalType": "VARCHAR", "classification": "pii"}}
    shop.product(PEOPLE, columns, {"id": [1], "mail": ["anna@x.example"]})
    shop.make(address=PEOPLE)
    config = shop.root / "mesh.yaml"
    config.write_text(config.read_text() + "access: {masks: {pii: hash}}\n")
    assert check(shop.mesh) == ()
    mesh = shop.mesh
    assert tell(mesh, mesh.load(Address.parse(PEOPLE)))
    assert list(shop.mesh.told(Address.parse(PEOPLE)).contracts) == ["", MASKED]
    with pytest.raises(NeverPublished):
        shown(shop)
    shop.make(address=PEOPLE)
    assert shown(shop)["mail"].to_list() != ["anna@x.example"]
    config.write_text(config.read_text().replace("access: {masks: {pii: hash}}\n", ""))
    assert check(shop.mesh) == (), "nobody promised the port by itself"
    shop.make(address=PEOPLE)


def test_a_domain_tells_of_a_port_with_the_publication_that_has_it(
    world: Any, tmp_path: Path
) -> None:
    """Its document is whole all the time: no port in it lacks a contract."""
    shop = world.Shop.new(tmp_path / "mesh")
    shop.product(PEOPLE, {"id": "BIGINT", "mail": "VARCHAR"}, {"id": [1], "mail": ["anna@x"]})
    shop.make(address=PEOPLE)
    folder = shop.load(PEOPLE).folder
    for file in folder.glob("*.yaml"):
        file.write_text(file.read_text().replace("version: 1.0.0", "version: 1.1.0"))
    contract = folder / "contract.odcs.yaml"
    contract.write_text(_also_masked(contract.read_text(), "mail"))
    mesh = shop.mesh
    (domain,) = mesh.domains
    tell_domain(mesh, domain, [mesh.load(Address.parse(PEOPLE))])
    assert list(shop.mesh.told(Address.parse(PEOPLE)).contracts) == [""]
    shop.make(address=PEOPLE)
    assert list(shop.mesh.told(Address.parse(PEOPLE)).contracts) == ["", MASKED]


def test_the_key_is_made_once_for_this_user_alone(roster: Any) -> None:
    roster.make(DAYS[0], address=PEOPLE)
    file = roster.root / ".mesh/secrets/mask.key"
    key = file.read_text()
    assert len(key) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    before = shown(roster)["person"].to_list()
    roster.make(DAYS[0], address=PEOPLE)
    assert file.read_text() == key
    assert shown(roster)["person"].to_list() == before
    file.chmod(0o644)
    with pytest.raises(EvaluationError) as refused:
        roster.make(DAYS[0], address=PEOPLE)
    assert refused.value.code == "MESH-A051"
    assert key not in str(refused.value)


def test_without_the_key_that_is_named_nothing_is_published(
    roster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = roster.root / "mesh.yaml"
    config.write_text(config.read_text().replace("access:", "access:\n  maskKey: THE_KEY"))
    for value in ("", "short"):
        monkeypatch.setenv("THE_KEY", value)
        with pytest.raises(EvaluationError, match="THE_KEY") as refused:
            roster.make(DAYS[0], address=PEOPLE)
        assert refused.value.code == "MESH-A050"
        with pytest.raises(NeverPublished):
            opened(roster)
    monkeypatch.setenv("THE_KEY", "sixteen letters or more")
    roster.make(DAYS[0], address=PEOPLE)
    assert not (roster.root / ".mesh/secrets").exists()


def test_lineage_says_what_masked_columns_are_made_of_and_that_they_are(roster: Any) -> None:
    roster.make(DAYS[0], address=PEOPLE)
    found = column_lineage(roster.mesh, Address.parse(HIDDEN))
    assert {
        name: [(e.column, e.use.value) for e in made or ()] for name, made in found.columns.items()
    } == {
        "day": [("day", "IDENTITY")],
        "person": [("person", "TRANSFORMATION")],
        "mail": [("mail", "TRANSFORMATION")],
        "name": [("name", "TRANSFORMATION")],
        "born": [("born", "TRANSFORMATION")],
        "pay": [("pay", "TRANSFORMATION")],
        "phone": [],
        "amount": [("amount", "IDENTITY")],
    }
    with roster.mesh.journal("shop") as journal:
        (made,) = journal.attempts(PEOPLE)
        body = json.loads(journal.deliveries.body(f"{made.id}:COMPLETE") or "{}")
    (port,) = (each for each in body["outputs"] if each["name"] == "people/v1/masked")
    fields = port["facets"]["columnLineage"]["fields"]
    masking = {
        name: [
            how.get("masking") for each in made["inputFields"] for how in each["transformations"]
        ]
        for name, made in fields.items()
    }
    assert masking["person"] == masking["born"] == [True]
    assert masking["amount"] == [None]


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_no_value_of_a_masked_column_is_anywhere_but_in_the_first_port(
    world: Any, tmp_path_factory: Any, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    root = tmp_path_factory.mktemp("hidden") / "mesh"
    shop = world.Shop.new(root, access={"masks": {"pii": "hash"}})
    rows = people(seed)
    folder = shop.product(PEOPLE, COLUMNS, rows, partitions=DAILY)
    queries = folder / "queries"
    queries.mkdir()
    (queries / "a.sql").write_text("select * from shop.people_v1__masked")
    (queries / "b.sql").write_text("select * from shop.people")
    caplog.set_level(logging.DEBUG)
    logged: list[str] = []
    shop.make(*DAYS, address=PEOPLE, log=logged.append)
    mesh = shop.mesh
    loaded = mesh.load(Address.parse(PEOPLE))
    tell_domain(mesh, mesh.domains[0], [loaded])
    (waiting,) = quarantined(mesh, loaded)
    said = [*logged, caplog.text]
    for result in waiting.decision.results:
        if not result.holds:
            said.append(repr(rows_that_fail(mesh, loaded, waiting, result).to_dicts()))
    with mesh.journal("shop") as journal:
        said.append(repr(compared(mesh, loaded, waiting, journal)))
    said += [repr(review) for review in shop.reviews()]
    masked = [name for name in loaded.masks if name in rows.columns]
    values = {str(value) for name in masked for value in rows[name] if value is not None}
    assert len(values) == 6 * len(masked)
    texts = {"said": "\n".join(said), **_texts(root)}
    assert any("/ports/masked/" in name for name in texts)
    leaks = {name: [v for v in values if v in text] for name, text in texts.items()}
    assert {name: found for name, found in leaks.items() if found} == {}
    for file in (root / ".mesh/storage").glob("**/ports/masked/**/*.parquet"):
        table = pq.read_table(file)
        there = {value for column in table.columns for value in column.to_pylist()}
        raw = {value for name in masked for value in rows[name]}
        assert not there & raw


def _texts(root: Path) -> dict[str, str]:
    """Everything that lies in a mesh but its sources and what is the first port's, as text."""
    return {
        str(file.relative_to(root)): _text(file)
        for file in root.rglob("*")
        if file.is_file() and "/ports/_/" not in str(file) and file.name != "rows.parquet"
    }


def _text(file: Path) -> str:
    data = file.read_bytes()
    text = data.decode("latin-1")
    if file.suffix == ".avro":
        text += repr(pl.read_avro(BytesIO(data)).to_dicts())
    if file.suffix == ".parquet":
        found = pq.ParquetFile(file)
        text += repr(found.read().to_pylist()) + repr(found.metadata.metadata)
        groups = [found.metadata.row_group(at) for at in range(found.metadata.num_row_groups)]
        text += repr(
            [group.column(at).statistics for group in groups for at in range(group.num_columns)]
        )
    return text
