"""Who may read is asked at every reading, and what he read is on the record."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.cli.root import run
from mesh_dagster.errors import AccessDenied, JournalError, MeshError
from mesh_dagster.journal.access_chain import entry_of
from mesh_dagster.model.access import AuditEntry
from mesh_dagster.model.snapshot import AttemptState
from mesh_dagster.products.granting import audit
from mesh_dagster.products.granting.settling import settle
from mesh_dagster.products.reading.lab import session
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.read import read
from mesh_dagster.registry.grants import grants_of
from mesh_dagster.registry.requests import requests_of

NOOR, ADA = "noor@nycair.example", "ada@nycair.example"
ROSTER = "mesh://crew/roster/v1"
Mesh = Callable[..., tuple[int, str, str]]


def _until() -> str:
    return (clock.now() + timedelta(days=30)).date().isoformat()


@pytest.fixture
def air(shop: Any) -> Any:
    """`crew` holds what is confidential, and `flights` would read it."""
    licence = {"physicalType": "VARCHAR", "classification": "confidential"}
    columns = {"pilot": "VARCHAR", "licence": licence}
    shop.product("crew/roster/v1", columns, {"pilot": ["Mo"], "licence": ["X1"]})
    shop.product("crew/bases/v1", {"base": "VARCHAR"}, {"base": ["JFK"]})
    shop.name_owners(NOOR, domain="crew")
    shop.product("flights/rota/v1", {"n": "BIGINT"}, inputs={"roster": ROSTER},
                 sql="select count(*) as n from roster")  # fmt: skip
    shop.name_owners(ADA, domain="flights")
    shop.make(address="crew/roster")
    shop.make(address="crew/bases")
    return shop


@pytest.fixture
def mesh(air: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mesh:
    """A command line of somebody; its exit code, and what it said."""
    monkeypatch.chdir(air.root)
    monkeypatch.setenv("COLUMNS", "160")

    def call(who: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("MESH_USER", who)
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def _ask(mesh: Mesh, *more: str, address: str = "crew/roster", who: str = ADA) -> dict[str, Any]:
    asked = ("request", address, "--purpose", "to plan the rota", "--until", _until(), "--json")
    return json.loads(mesh(who, *asked, *more)[1])


def _log(air: Any, domain: str) -> list[AuditEntry]:
    with audit.log_of(air.mesh, domain) as log:
        return [entry_of(row) for row in log.rows()]


def test_a_confidential_port_is_read_by_a_transform_only_once_it_was_granted(
    air: Any, mesh: Mesh
) -> None:
    with pytest.raises(AccessDenied, match="licence") as refused:
        air.make(address="flights/rota")
    assert refused.value.rule == "confidential"
    assert "mesh request crew/roster/v1" in (refused.value.fix or "")

    assert _ask(mesh)["state"] == "waits"
    code, out, _ = mesh(NOOR, "review", "--json")
    (waiting,) = json.loads(out)
    assert (code, waiting["kind"], waiting["product"]) == (0, "access", "crew/roster/v1")
    assert mesh(ADA, "review", "grant", waiting["id"], "--why", "mine")[0] == 2
    assert mesh(NOOR, "review", "grant", waiting["id"], "--why", "they roster us")[0] == 0
    assert air.make(address="flights/rota").state is AttemptState.FINISHED
    assert mesh(NOOR, "review", "--json")[1].strip() == "[]"

    entries = _log(air, "flights")
    assert [(each.allowed, str(each.port), str(each.principal)) for each in entries] == [
        (False, ROSTER, "domain:flights"),
        (True, ROSTER, "domain:flights"),
    ]
    assert (entries[1].publication, entries[1].purpose) == (1, "to plan the rota")
    assert entries[1].means == "flights/rota/v1"

    (grant,) = json.loads(mesh(NOOR, "access", "grants", "--json")[1])
    assert mesh(ADA, "access", "revoke", grant["id"], "--why", "I like to")[0] == 2
    code, said, _ = mesh(NOOR, "access", "revoke", grant["id"], "--why", "they left")
    assert (code, "is taken back" in said, "by another" in said) == (0, True, False)
    with pytest.raises(AccessDenied) as gone:
        air.make(address="flights/rota")
    assert gone.value.rule == "revoked"


def test_a_person_reads_by_the_domains_that_name_him_and_whoever_is_named_nowhere_what_is_open(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_USER", NOOR)
    assert read("crew/roster", mesh=air.mesh).polars().collect().height == 1
    monkeypatch.setenv("MESH_USER", ADA)
    with pytest.raises(AccessDenied):
        read("crew/roster", mesh=air.mesh)
    monkeypatch.setenv("MESH_USER", "stranger")
    with pytest.raises(AccessDenied):
        read("crew/roster", mesh=air.mesh)
    assert read("crew/bases", mesh=air.mesh).rows == 1


def test_a_session_decides_by_what_a_document_says_now(
    world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = world.Shop.new(tmp_path / "mesh", storage=str(tmp_path / "storage"))
    names = ("roster", "bases", "crews", "planes")
    for name in names:
        shop.product(f"crew/{name}/v1", {"of": "VARCHAR"}, {"of": ["x"]})
        shop.make(address=f"crew/{name}")
    session = world.copied(shop.root, tmp_path / "elsewhere").mesh
    monkeypatch.setenv("MESH_USER", "stranger")
    for name in ("roster", "crews", "planes"):
        assert session[f"crew/{name}"].read(["of"]).collect().height == 1
    document = json.loads(shop.mesh.documents.read("crew/discovery.json"))
    told = {each["address"].split("/")[3]: each for each in document["products"]}
    for name in ("roster", "bases"):
        (column,) = told[name]["contracts"][""]["schema"][0]["properties"]
        column["classification"] = "confidential"
    told["crews"]["product"]["status"] = "retired"
    shop.mesh.documents.write("crew/discovery.json", json.dumps(document).encode())

    with pytest.raises(AccessDenied, match="confidential"):
        session["crew/roster"].read(["of"])
    for name in ("roster", "bases"):
        with pytest.raises(AccessDenied, match="confidential"):
            session.query(f"select * from crew.{name}")
    with pytest.raises(MeshError, match="is retired"):
        session.query("select * from crew.crews_v1")
    storage, listed = type(session.documents), list[str]()
    listing = storage.list

    def noted(self: Any, prefix: str) -> Any:
        listed.append(prefix)
        return listing(self, prefix)

    monkeypatch.setattr(storage, "list", noted)
    assert session["crew/planes"].read(["of"]).collect().height == 1
    assert listed == ["crew/"]


def test_columns_by_which_rows_are_chosen_are_on_the_record_and_those_of_whole_rows_are_all(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_USER", NOOR)
    read("crew/roster", mesh=air.mesh, columns=["pilot"])
    read("crew/roster", mesh=air.mesh, columns=["pilot"], where="licence = 'X1'")
    read(
        "crew/roster", mesh=air.mesh, columns=["pilot"], where=pl.any_horizontal(pl.all().is_null())
    )
    query("select pilot from crew.roster", mesh=air.mesh)
    query("select crew.roster from crew.roster", mesh=air.mesh)
    assert [each.columns for each in _log(air, "crew")] == [
        ("pilot",),
        ("pilot", "licence"),
        None,
        ("pilot",),
        None,
    ]


def test_a_query_asks_for_each_port_that_it_touches_before_anything_is_opened(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_USER", ADA)
    with pytest.raises(AccessDenied, match="crew/roster"):
        query("select * from crew.bases, crew.roster", mesh=air.mesh)
    with pytest.raises(AccessDenied):
        query("select (select max(licence) from crew.roster_v1) from crew.bases", mesh=air.mesh)
    with pytest.raises(AccessDenied):
        air.mesh["crew/roster"].read()
    with pytest.raises(AccessDenied):
        session(air.mesh, air.mesh["crew/roster"].address)
    assert {each.means for each in _log(air, "flights")} == {"query", "read"}
    assert not any(each.allowed for each in _log(air, "flights"))


def test_the_stage_binds_other_domains_and_those_whom_they_name(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    air.product("crew/drafts/v1", {"n": "BIGINT"}, {"n": [1]}, stage="alpha")
    air.make(address="crew/drafts")
    monkeypatch.setenv("MESH_USER", ADA)
    with pytest.raises(AccessDenied, match="alpha") as refused:
        read("crew/drafts", mesh=air.mesh)
    assert refused.value.rule == "stage"
    monkeypatch.setenv("MESH_USER", "stranger")
    assert read("crew/drafts", mesh=air.mesh).rows == 1
    air.product("flights/more/v1", {"n": "BIGINT"}, inputs={"d": "mesh://crew/drafts/v1"},
                sql="select n from d")  # fmt: skip
    with pytest.raises(AccessDenied):
        air.make(address="flights/more")


def test_one_other_domain_is_let_into_a_beta_at_once_and_the_next_waits(
    air: Any, mesh: Mesh
) -> None:
    air.product("crew/shifts/v1", {"n": "BIGINT"}, {"n": [1]}, stage="beta")
    air.make(address="crew/shifts")
    air.product("weather/sky/v1", {"n": "BIGINT"}, {"n": [1]})
    first = _ask(mesh, address="crew/shifts")
    assert (first["state"], first["grant"]["by"]) == ("granted", "policy")
    assert read("crew/shifts", mesh=air.mesh).rows == 1
    again = _ask(mesh, address="crew/shifts")
    assert again["state"] == "allowed"
    second = _ask(mesh, "--for", "domain:weather", address="crew/shifts", who="stranger")
    assert second["state"] == "waits"
    (waiting,) = json.loads(mesh(NOOR, "review", "--json")[1])
    code, _, err = mesh(NOOR, "review", "grant", waiting["id"], "--why", "sure")
    assert (code, "flights reads it already" in err) == (2, True)
    (waiting,) = json.loads(mesh(NOOR, "review", "--json")[1])
    assert mesh(NOOR, "review", "refuse", waiting["id"], "--why", "full")[0] == 0
    (told,) = json.loads(mesh(NOOR, "access", "requests", "--domain", "weather", "--json")[1])
    assert (told["state"], told["refusal"]["why"]) == ("refused", "full")


def test_who_asks_for_the_same_twice_waits_once(air: Any, mesh: Mesh) -> None:
    first, again = _ask(mesh), _ask(mesh)
    assert (again["state"], again["request"]["id"]) == ("waits", first["request"]["id"])
    assert len(requests_of(air.mesh.documents, "flights").requests) == 1
    other = _ask(mesh, "--purpose", "to plan next year's rota")
    assert other["request"]["id"] != first["request"]["id"]
    for each in json.loads(mesh(NOOR, "review", "--json")[1]):
        assert mesh(NOOR, "review", "refuse", each["id"], "--why", "no")[0] == 0
    assert _ask(mesh)["request"]["id"] != first["request"]["id"], "it may be asked once more"


def test_nobody_is_granted_more_time_than_he_asked_for(air: Any, mesh: Mesh) -> None:
    _ask(mesh)
    (waiting,) = json.loads(mesh(NOOR, "review", "--json")[1])
    later = (clock.now() + timedelta(days=60)).date().isoformat()
    grant = ("review", "grant", waiting["id"], "--why", "sure", "--until")
    code, _, err = mesh(NOOR, *grant, later)
    assert (code, later in err, _until() in err) == (2, True, True)
    assert mesh(NOOR, *grant, _until())[0] == 0


def test_a_mesh_may_let_more_domains_into_a_beta(air: Any, mesh: Mesh) -> None:
    file = air.root / "mesh.yaml"
    file.write_text(file.read_text() + "lifecycle: {readersInBeta: 2}\n")
    air.product("crew/shifts/v1", {"n": "BIGINT"}, {"n": [1]}, stage="beta")
    air.make(address="crew/shifts")
    air.product("weather/sky/v1", {"n": "BIGINT"}, {"n": [1]})
    assert _ask(mesh, address="crew/shifts")["state"] == "granted"
    second = _ask(mesh, "--for", "domain:weather", address="crew/shifts", who="stranger")
    assert second["state"] == "granted"


def test_forged_foreign_and_replayed_requests_are_refused_and_on_the_record_once(
    air: Any, mesh: Mesh
) -> None:
    _ask(mesh)
    documents = air.mesh.documents
    good = json.loads(documents.read("flights/requests.json"))
    forged = {**good["requests"][0], "id": "f1", "by": "domain:network"}
    changed = {**good["requests"][0], "id": "f2", "port": "mesh://crew/bases/v1"}
    evil = {"schemaVersion": 1, "domain": "evil", "requests": [*good["requests"], forged, changed]}
    documents.write("evil/requests.json", json.dumps(evil).encode())
    for _ in range(2):
        waiting = settle(air.mesh, "crew")
        assert [(each.domain, each.by.name) for each in waiting] == [("flights", "flights")]
    known = grants_of(documents, "crew")
    assert known.grants == ()
    assert {each.domain for each in known.refusals} == {"evil"}
    refused = [each for each in _log(air, "crew") if each.means == "request"]
    assert len(refused) == 3
    assert not any(each.allowed for each in refused)

    (waiting,) = json.loads(mesh(NOOR, "review", "--json")[1])
    assert mesh(NOOR, "review", "refuse", waiting["id"], "--why", "no")[0] == 0
    assert requests_of(documents, "flights").requests
    assert settle(air.mesh, "crew") == ()


def test_who_is_denied_does_not_read_what_everybody_reads(air: Any, mesh: Mesh) -> None:
    denied = ("access", "deny", "crew/bases", "--to", "domain:flights", "--until", _until())
    assert mesh(ADA, *denied, "--why", "no")[0] == 2
    assert mesh(NOOR, *denied, "--why", "too many queries")[0] == 0
    code, _, err = mesh(ADA, "query", "crew/bases")
    assert (code, "too many queries" in err) == (3, True)
    assert mesh("stranger", "query", "crew/bases")[0] == 0
    code, out, _ = mesh(NOOR, "access", "log", "--refused")
    assert (code, "denied" in out) == (0, True)


def test_grants_that_cannot_be_read_close_what_others_read_and_not_what_is_ones_own(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    air.mesh.documents.write("crew/grants.json", b'{"schemaVersion": 7}')
    monkeypatch.setenv("MESH_USER", ADA)
    with pytest.raises(AccessDenied) as refused:
        read("crew/bases", mesh=air.mesh)
    assert refused.value.rule == "unknown"
    monkeypatch.setenv("MESH_USER", NOOR)
    assert read("crew/bases", mesh=air.mesh).rows == 1


def _rewritten(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update access_log set allowed = 1 where number = 1", "changed"),
        ("delete from access_log where number = 1", "missing"),
        ("delete from access_log where number = 2", "the registry knows of 2"),
    ],
)
def test_a_log_that_was_changed_or_shortened_is_found(
    air: Any, mesh: Mesh, statement: str, told: str
) -> None:
    mesh(ADA, "query", "crew/roster")
    mesh(ADA, "query", "crew/bases")
    code, out, _ = mesh(ADA, "access", "verify", "flights")
    assert (code, "flights: 2 entries, noted in the registry up to 2, whole" in out) == (0, True)
    assert mesh(ADA, "audit", "--verify")[0] == 0
    _rewritten(air.root / ".mesh" / "journals" / "flights.db", statement)
    assert mesh(ADA, "audit", "--verify")[0] == 1
    code, out, _ = mesh(ADA, "access", "verify", "flights")
    assert (code, told in out) == (1, True)


def test_a_log_that_was_written_anew_is_found_and_goes_on_being_found(air: Any, mesh: Mesh) -> None:
    for _ in range(3):
        mesh(ADA, "query", "crew/roster")
    file = air.root / ".mesh" / "journals" / "flights.db"
    _rewritten(file, "delete from access_log")
    for _ in range(4):
        mesh(ADA, "query", "crew/bases")
    code, out, _ = mesh(ADA, "access", "verify", "flights", "--json")
    (found,) = json.loads(out)
    assert (code, found["entries"], found["anchored"]) == (1, 4, 3)
    assert "written anew" in found["breaks"][0]["what"]


def test_what_is_confidential_is_not_read_off_the_record_and_what_is_open_is(
    air: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuses(*_: object) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(audit, "append", refuses)
    monkeypatch.setenv("MESH_USER", NOOR)
    with pytest.raises(JournalError):
        read("crew/roster", mesh=air.mesh)
    assert read("crew/bases", mesh=air.mesh).rows == 1
    assert "not on the record" in caplog.text


def test_who_has_no_domain_here_keeps_a_log_of_his_own(air: Any, mesh: Mesh) -> None:
    assert mesh("stranger", "query", "crew/bases")[0] == 0
    assert mesh("stranger", "query", "crew/roster")[0] == 3
    (log,) = audit.people(air.mesh.config).values()
    assert [bool(entry_of(row).allowed) for row in log.rows()] == [True, False]
    code, out, _ = mesh("stranger", "access", "verify")
    assert (code, "2 entries, whole" in out) == (0, True)


def test_the_record_is_kept_in_any_database_and_any_storage(anywhere: Any) -> None:
    anywhere.product("crew/bases/v1", {"base": "VARCHAR"}, {"base": ["JFK"]})
    anywhere.make(address="crew/bases")
    anywhere.product("flights/n/v1", {"n": "BIGINT"}, inputs={"b": "mesh://crew/bases/v1"},
                     sql="select count(*) as n from b")  # fmt: skip
    for _ in range(2):
        anywhere.make(address="flights/n")
    found = audit.verify(anywhere.mesh, "flights")
    assert (found.entries, found.anchored, found.breaks) == (2, 2, ())


def test_the_page_of_a_product_says_whether_one_may_read_it_and_how_one_gets_to(
    air: Any, mesh: Mesh
) -> None:
    code, out, _ = mesh(ADA, "show", "crew/roster")
    assert code == 0
    assert "it is read by grant" in " ".join(out.split())
    assert "mesh request crew/roster/v1" in out
    told = json.loads(mesh(ADA, "show", "crew/roster", "--json")[1])
    assert told["access"]["ports"] == {"": "grant"}
    assert told["may_read"]["crew/roster/v1"]["rule"] == "confidential"
    assert json.loads(mesh(NOOR, "show", "crew/roster", "--json")[1])["may_read"]["crew/roster/v1"][
        "allowed"
    ]
    assert "not for you" not in mesh(ADA, "show", "crew/bases")[1]
    document = json.loads(air.mesh.documents.read("crew/discovery.json"))
    assert {each["access"]["ports"][""] for each in document["products"]} == {"grant", "everybody"}


def test_a_reference_reads_what_it_refers_to_as_its_domain(air: Any) -> None:
    columns = {
        "pilot": {
            "physicalType": "VARCHAR",
            "relationships": [
                {"type": "foreignKey",
                 "to": "crew/roster/v1.yaml#schema/roster/properties/licence"}
            ],
        }
    }  # fmt: skip
    air.product("flights/legs/v1", columns, {"pilot": ["X1"]})
    attempt = air.make(address="flights/legs")
    (result,) = [each for each in attempt.decisions[0].results if each.verdict.value == "error"]
    assert "may not read" in result.message
    assert [each.means for each in _log(air, "flights")] == ["reference"]


def test_a_policy_that_is_asked_at_access_refuses_a_reading(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = air.root / "mesh.yaml"
    file.write_text(file.read_text() + "policies: {sets: [standard]}\n")
    for domain, region in (("crew", "eu"), ("flights", "us")):
        described = air.root / "domains" / domain / "src" / domain / "domain.yaml"
        described.write_text(described.read_text() + f"region: {region}\n")
    contract = air.load("crew/bases").folder / "contract.odcs.yaml"
    text = contract.read_text()
    contract.write_text(text.replace("name: base\n", "name: base\n    classification: pii\n"))
    monkeypatch.setenv("MESH_USER", ADA)
    with pytest.raises(AccessDenied) as refused:
        read("crew/bases", mesh=air.mesh)
    assert refused.value.rule == "policy"
    assert "region-kept" in str(refused.value)
    monkeypatch.setenv("MESH_USER", NOOR)
    assert read("crew/bases", mesh=air.mesh).rows == 1
