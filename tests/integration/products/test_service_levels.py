"""How products keep their promises: real publications, a journal, and a clock that is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mesh_dagster.cli.root import run
from mesh_dagster.clock import frozen
from mesh_dagster.model.address import Address
from mesh_dagster.model.slo import Indicator, Standing, Status
from mesh_dagster.products.keeping.probe import probe
from mesh_dagster.products.keeping.service_levels import ROW_KINDS, objectives, reports
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.slos.page import page
from mesh_dagster.testing import write_mesh, write_product

ROOT = Path(__file__).parents[3]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = datetime(2013, 11, 1, tzinfo=UTC)


def _orders(tmp_path: Path, *more: Mapping[str, object]) -> Mesh:
    mesh = write_mesh(tmp_path / "mesh")
    days = [date(2013, 11, day) for day in range(1, 11)]
    write_product(
        mesh,
        "shop/orders/v1",
        {"id": "BIGINT", "day": "DATE", "at": "TIMESTAMPTZ"},
        {
            "id": range(10),
            "day": days,
            "at": [datetime(2013, 11, day, 23, tzinfo=UTC) for day in range(1, 11)],
        },
        key=["id"],
        partitions={"every": "day", "column": "day", "start": "2013-11-01"},
        table={"customProperties": [{"property": "eventTime", "value": "at"}]},
        levels=[
            {"property": "freshness", "value": 32, "unit": "h"},
            {"property": "completeness", "value": 90, "unit": "percent"},
            {"property": "lineage", "value": 99, "unit": "percent"},
            {"property": "availability", "value": 99.5, "unit": "percent"},
            *more,
        ],
    )
    return Mesh.open(tmp_path / "mesh")


def _publish(mesh: Mesh, address: str, *days: int) -> None:
    loaded = mesh.load(Address.parse(address))
    for day in days:
        with frozen(START + day * DAY + 6 * HOUR):
            materialize(mesh, loaded, partitions=[f"2013-11-{day:02}"])


def _standings(mesh: Mesh, address: str, **asked: object) -> dict[Indicator, Standing]:
    (found,) = reports(mesh, [mesh.load(Address.parse(address))], **asked)  # type: ignore[arg-type]
    return {each.objective.indicator: each for each in found.standings}


def test_a_day_that_was_missed_is_told_to_the_microsecond_at_any_moment(tmp_path: Path) -> None:
    mesh = _orders(tmp_path)
    _publish(mesh, "shop/orders", 1, 2, 4)
    found = _standings(mesh, "shop/orders", at=START + 4 * DAY + 7 * HOUR)
    # What was of the 2nd, 23:00, was too old from the 4th, 07:00, until the 5th, 06:00.
    assert found[Indicator.FRESHNESS].tally.bad == 23 * 3600 * 10**6
    assert found[Indicator.FRESHNESS].status is Status.BREACHED
    assert found[Indicator.COMPLETENESS].now == "1 of 4 missing: 2013-11-03"
    assert found[Indicator.LINEAGE].status is Status.MET
    before = _standings(mesh, "shop/orders", at=START + 3 * DAY + 7 * HOUR)
    assert before[Indicator.FRESHNESS].tally.bad == 0
    assert before[Indicator.FRESHNESS].status is Status.MET


def test_the_present_is_the_clocks_and_a_window_can_be_asked_for(tmp_path: Path) -> None:
    mesh = _orders(tmp_path)
    _publish(mesh, "shop/orders", 1, 2)
    with frozen(START + 4 * DAY):
        found = _standings(mesh, "shop/orders", window=DAY)
    assert found[Indicator.FRESHNESS].at == START + 4 * DAY
    assert found[Indicator.FRESHNESS].objective.window == DAY
    assert found[Indicator.FRESHNESS].failing


def test_how_long_ago_a_product_changed_is_told_however_long_it_has_not(tmp_path: Path) -> None:
    mesh = _orders(tmp_path, {"property": "frequency", "value": 1, "unit": "d"})
    _publish(mesh, "shop/orders", 1, 2, 3)
    found = _standings(mesh, "shop/orders", at=START + 60 * DAY)[Indicator.FREQUENCY]
    assert found.now == "changed 56 d 18 h ago, promised every 1 d"
    assert (found.status, found.kept) == (Status.BREACHED, 0)
    before = _standings(mesh, "shop/orders", at=START + 2 * DAY + 7 * HOUR)[Indicator.FREQUENCY]
    assert before.now == "changed 1 h ago, promised every 1 d"


def test_a_product_that_was_never_published_has_nothing_to_measure(tmp_path: Path) -> None:
    found = _standings(_orders(tmp_path), "shop/orders")
    assert {each.status for each in found.values()} == {Status.UNMEASURED}


def test_the_page_of_a_product_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    mesh = _orders(tmp_path)
    _publish(mesh, "shop/orders", 1, 2, 4)
    at = START + 4 * DAY + 7 * HOUR
    (found,) = reports(mesh, [mesh.load(Address.parse("shop/orders"))], at=at)
    text = page(found.history, found.standings, "<Shop & Co>")
    assert text.startswith("<!doctype html>")
    assert "&lt;Shop &amp; Co&gt;" in text
    assert text.count('<svg class="plot"') == 5
    assert "2013-11-04 07:00" in text
    assert "for 23 h" in text
    for outside in ("http", "src=", "<script", "@import", "url("):
        assert outside not in text


@pytest.mark.parametrize(
    "asked",
    [
        ["--at", "2101-01-01"],
        ["--at", "0001-01-01"],
        ["--at", "0001-01-01T00:00+14:00"],
        ["--at", "9999-12-31T23:59:59-12:00"],
        ["--window", "999999999 d"],
        ["--html", "no/such/folder/page.html"],
    ],
)
def test_what_nobody_can_answer_is_refused_in_a_sentence(
    tmp_path: Path,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _orders(tmp_path)
    monkeypatch.chdir(tmp_path / "mesh")
    assert run(["slo", "shop/orders", *asked]) == 2
    assert "MESH-M002" in capsys.readouterr().err


def test_a_contract_that_cannot_be_read_hides_no_other_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = write_mesh(tmp_path)
    hourly = [{"property": "frequency", "value": 1, "unit": "h"}]
    names = ("first/one/v1", "second/one/v1", "second/two/v1", "third/one/v1")
    folders = {
        name: write_product(mesh, name, {"n": "BIGINT"}, {"n": [1]}, levels=hourly)
        for name in names
    }
    (folders["second/one/v1"] / "contract.odcs.yaml").write_text("schema: [")
    monkeypatch.chdir(tmp_path)
    assert run(["slo", "--json"]) == 3
    told = capsys.readouterr()
    assert [each["product"] for each in json.loads(told.out)] == [
        "first/one/v1",
        "second/two/v1",
        "third/one/v1",
    ]
    assert "second could not be asked: " in told.err
    assert "first could not" not in told.err
    assert run(["slo", "second/one"]) == 2
    assert "MESH-D004" in capsys.readouterr().err


@pytest.mark.parametrize("years", [99, 5_000, 2_000_000])
def test_promises_and_windows_longer_than_the_calendar_can_be_measured(
    tmp_path: Path, years: int
) -> None:
    mesh = write_mesh(tmp_path)
    levels = ("freshness", "frequency", "latency", "timeToRepair")
    write_product(
        mesh,
        "shop/ever/v1",
        {"at": "TIMESTAMPTZ"},
        {"at": [START]},
        table={"customProperties": [{"property": "eventTime", "value": "at"}]},
        levels=[{"property": each, "value": years, "unit": "y"} for each in levels],
    )
    materialize(mesh, mesh.load(Address.parse("shop/ever")))
    found = _standings(mesh, "shop/ever")
    assert {each.status for each in found.values()} == {Status.MET}


def test_a_port_that_cannot_be_read_is_away_until_it_can(tmp_path: Path) -> None:
    mesh = _orders(tmp_path)
    loaded = mesh.load(Address.parse("shop/orders"))
    with frozen(START):
        assert probe(mesh, [loaded]) == 0, "what was never published is no outage"
    _publish(mesh, "shop/orders", 1)
    storage = tmp_path / "mesh" / ".mesh" / "storage"
    away = storage.with_name("away")
    for hour in range(5):
        if hour == 2:
            storage.rename(away)
            storage.mkdir()
            pointer = Path("shop", "orders", "v1", "pointer.json")
            (storage / pointer).parent.mkdir(parents=True)
            shutil.copy(away / pointer, storage / pointer)
        if hour == 4:
            shutil.rmtree(storage)
            away.rename(storage)
        with frozen(START + 2 * DAY + hour * HOUR):
            assert probe(Mesh.open(tmp_path / "mesh"), [loaded]) == 1
    found = _standings(mesh, "shop/orders", at=START + 2 * DAY + 8 * HOUR)
    available = found[Indicator.AVAILABILITY]
    assert available.tally.bad == 2 * 3600 * 10**6
    assert available.tally.total == 8 * 3600 * 10**6
    assert available.status is Status.BURNING
    during = _standings(mesh, "shop/orders", at=START + 2 * DAY + 3 * HOUR)
    assert during[Indicator.AVAILABILITY].failing
    assert "no answer since 2013-11-03 02:00 UTC" in during[Indicator.AVAILABILITY].now


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """The first four days of November 2013, each made on the morning after."""
    root = tmp_path_factory.mktemp("reference")
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "domains" / "weather", root / "domains" / "weather", ignore=ignore)
    (root / "mesh.yaml").write_text("name: nycair\nstorage: .mesh/storage\n")
    mesh = Mesh.open(root)
    _publish(mesh, "weather/observations", 1, 2, 3, 4)
    return mesh


def test_the_real_gaps_of_november_and_the_day_of_25_hours(weather: Mesh) -> None:
    loaded = weather.load(Address.parse("weather/observations"))
    at = datetime(2013, 11, 6, 1, tzinfo=UTC)
    (found,) = reports(weather, [loaded], at=at, window=5 * DAY)
    complete = next(
        each for each in found.standings if each.objective.indicator is Indicator.COMPLETENESS
    )
    # 24 hours at three stations, and 25 on the day on which clocks were set back, which waits in
    # quarantine: nobody can read it. Of the others 4, 12 and 3 hours were not observed.
    assert complete.tally.total == 72 + 72 + 75 + 72
    assert complete.tally.bad == 4 + 12 + 75 + 3
    assert found.history.expected("", "2013-11-03") == 75
    assert found.history.expected("", "2013-11-04") == 72
    assert found.history.expected("", "2013-03-10") == 69


def test_after_the_correction_only_what_was_never_observed_is_missing(
    weather: Mesh, tmp_path: Path
) -> None:
    root = shutil.copytree(weather.config.root, tmp_path / "corrected")
    corrections = root / "domains" / "weather" / "corrections"
    folder = root / "domains" / "weather" / "src" / "weather" / "defs" / "observations"
    shutil.copy(corrections / "contract-1.0.1.odcs.yaml", folder / "contract.odcs.yaml")
    shutil.copy(corrections / "product-1.0.1.odps.yaml", folder / "product.odps.yaml")
    mesh = Mesh.open(root)
    loaded = mesh.load(Address.parse("weather/observations"))
    published = START + 5 * DAY
    with frozen(published):
        materialize(mesh, loaded, partitions=["2013-11-03"])

    def missing(at: datetime) -> tuple[int, int]:
        found = _standings(mesh, "weather/observations", at=at, window=at - START)
        tally = found[Indicator.COMPLETENESS].tally
        return tally.bad, tally.total

    assert missing(published + HOUR) == (4 + 12 + 3 + 3, 72 + 72 + 75 + 72)
    assert missing(published - HOUR) == (4 + 12 + 75 + 3, 72 + 72 + 75 + 72)


def test_the_objectives_are_those_of_the_contract(weather: Mesh) -> None:
    loaded = weather.load(Address.parse("weather/observations"))
    told = {each.indicator: (each.target, each.limit) for each in objectives(loaded)}
    assert told[Indicator.FRESHNESS] == (0.99, 26 * HOUR)
    assert told[Indicator.FREQUENCY] == (0.99, DAY)
    assert told[Indicator.COMPLETENESS] == (0.95, None)


def test_accuracy_of_rows_is_of_all_that_rules_looked_at(tmp_path: Path) -> None:
    mesh = write_mesh(tmp_path / "mesh")
    days = [date(2013, 11, 1 + number // 4) for number in range(12)]
    write_product(
        mesh,
        "shop/orders/v1",
        {"id": "BIGINT", "day": "DATE"},
        {"id": [0, 1, 2, 3, 4, 4, 4, 7, 8, 9, 10, None], "day": days},
        key=["id"],
        partitions={"every": "day", "column": "day", "start": "2013-11-01"},
        levels=[
            {"property": "accuracy", "value": 50, "unit": "percent"},
            {"property": "rowAccuracy", "value": 90, "unit": "percent"},
        ],
    )
    mesh = Mesh.open(mesh.config.file.parent)
    _publish(mesh, "shop/orders", 1, 2, 3)
    found = _standings(mesh, "shop/orders", at=START + 4 * DAY)
    assert found[Indicator.ACCURACY].tally.total == 3
    assert found[Indicator.ACCURACY].tally.bad == 2
    rows = found[Indicator.ROW_ACCURACY]
    rules = 2  # an id in each row, and none twice
    assert (rows.tally.bad, rows.tally.total) == (2 + 1, rules * 12)
    assert rows.now.startswith(
        "3 of 24 rows that a rule looked at broke it: 2013-11-02, 2013-11-03"
    )
    assert rows.failing
    assert rows.objective.check == "slo_row_accuracy"
    later = _standings(mesh, "shop/orders", at=START + 40 * DAY)
    assert later[Indicator.ROW_ACCURACY].tally.total == 0


def test_the_rules_that_count_rows_are_those_on_values_keys_and_references() -> None:
    from mesh_dagster.contracts.rules import by_owners, on_tables, on_values

    modules = (on_values, on_tables, by_owners)
    kinds = {
        each.kind
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and isinstance(getattr(each, "kind", None), str)
    }
    others = {"schema", "row_count", "freshness", "retention", "expected_rows", "shape"}
    others |= {"sql", "code", "text", "unsupported"}
    assert set(ROW_KINDS) == kinds - others
