"""Ways round a decision: by what is no longer said, by another name, by too much of something."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
import yaml

from mesh_dagster import clock
from mesh_dagster.cli.root import run
from mesh_dagster.errors import AccessDenied, MeshError, TransformError
from mesh_dagster.journal.file import file_of
from mesh_dagster.model.access import AccessRequest
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal
from mesh_dagster.products.granting.asking import ask
from mesh_dagster.products.granting.rights import revoke
from mesh_dagster.products.granting.settling import AT_ONCE, settle
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.read import read
from mesh_dagster.registry.grants import grants_of
from mesh_dagster.registry.requests import _told_of, digest_of, requests_key

NOOR, ADA = "noor@nycair.example", "ada@nycair.example"
SHIFTS = Address.parse("crew/shifts/v1")


@pytest.fixture
def air(shop: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ada is of `flights`, and reads what `crew` has."""
    licence = {"physicalType": "VARCHAR", "classification": "restricted"}
    columns = {"pilot": "VARCHAR", "licence": licence}
    shop.product("crew/roster/v1", columns, {"pilot": ["Mo"], "licence": ["X1"]})
    shop.product("crew/shifts/v1", {"n": "BIGINT"}, {"n": [1]}, stage="beta")
    shop.name_owners(NOOR, domain="crew")
    shop.product("flights/rota/v1", {"n": "BIGINT"}, inputs={"roster": "mesh://crew/roster/v1"},
                 sql="select length(any_value(licence)) as n from roster")  # fmt: skip
    shop.name_owners(ADA, domain="flights")
    shop.make(address="crew/roster")
    monkeypatch.chdir(shop.root)
    monkeypatch.setenv("MESH_USER", ADA)
    return shop


def _without_licence(air: Any) -> None:
    (file,) = air.load("crew/roster").folder.glob("*.odcs.yaml")
    stated = yaml.safe_load(file.read_text())
    table = stated["schema"][0]
    table["properties"] = [each for each in table["properties"] if each["name"] != "licence"]
    file.write_text(yaml.safe_dump(stated, sort_keys=False))


def test_a_column_that_the_contract_names_no_more_is_not_open_by_that(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_licence(air)
    for then in (None, 1):
        assert "licence" not in read("crew/roster", mesh=air.mesh, as_of=then).polars().collect()
        assert "licence" not in read("crew/roster", mesh=air.mesh, as_of=then).arrow().column_names
        with pytest.raises(MeshError):
            read("crew/roster", columns=["licence"], mesh=air.mesh, as_of=then).arrow()
        with pytest.raises(MeshError):
            read("crew/roster", where=pl.col("licence") == "X1", mesh=air.mesh, as_of=then).rows  # noqa: B018
        assert "licence" not in query("from crew.roster", mesh=air.mesh, as_of=then).column_names
        with pytest.raises(MeshError):
            query("select licence from crew.roster", mesh=air.mesh, as_of=then)
    with pytest.raises(TransformError, match="licence"):
        air.make(address="flights/rota")
    monkeypatch.setenv("MESH_USER", NOOR)
    assert "licence" in read("crew/roster", mesh=air.mesh, as_of=1).polars().collect()


@pytest.mark.parametrize("name", [f"person:{ADA}", "team:flights-team", "person:somebody"])
def test_a_right_that_was_taken_back_is_not_had_again_by_another_name(air: Any, name: str) -> None:
    air.make(address="crew/shifts")
    until = clock.now() + timedelta(days=30)
    asked: dict[str, Any] = {"purpose": "to plan the rota", "until": until}
    granted = ask(air.mesh, SHIFTS, **asked).grant
    assert granted is not None
    revoke(air.mesh, "crew", granted.id, NOOR, "they sold it")
    assert ask(air.mesh, SHIFTS, **asked, by=Principal.parse(name)).state == "waits"
    with pytest.raises(AccessDenied):
        read("crew/shifts", mesh=air.mesh)


def test_no_domain_fills_what_another_has_to_keep(air: Any) -> None:
    air.make(address="crew/shifts")
    mesh, now = air.mesh, clock.now()
    asked = [
        AccessRequest(clock.new_id(), Principal.parse("domain:flights"), "flights", SHIFTS,
                      "\u98db" * 2_000, now + timedelta(days=3), now, ADA)
        for _ in range(2 * AT_ONCE)
    ]  # fmt: skip
    told = [_told_of(replace(each, digest=digest_of(each))) for each in asked]
    document = {"schemaVersion": 1, "domain": "flights", "requests": told}
    mesh.documents.create(
        requests_key("flights"), json.dumps(document, ensure_ascii=False).encode()
    )
    assert len(settle(mesh, "crew")) == AT_ONCE
    assert len(grants_of(mesh.documents, "crew").grants) == AT_ONCE
    assert len(settle(mesh, "crew")) == AT_ONCE


@pytest.mark.parametrize("column", ["reason", "at", "previous", "digest"])
def test_a_log_with_what_no_text_is_in_it_is_found(
    air: Any, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AccessDenied):
        read("crew/roster", mesh=air.mesh)
    file = file_of(air.mesh.journal_place("flights"), "flights")
    assert file is not None
    with closing(sqlite3.connect(file)) as journal, journal:
        journal.execute(f'update access_log set "{column}" = ?', (b"\xff\x00",))
    assert run(("access", "verify")) == 1
    assert run(("access", "log")) == 0
    assert "This is a bug" not in capsys.readouterr().err


def test_a_note_that_was_taken_away_is_missed(air: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AccessDenied):
        read("crew/roster", mesh=air.mesh)
    assert run(("access", "verify", "flights")) == 0
    assert "is missing" not in capsys.readouterr().out
    (air.mesh.config.root / ".mesh/storage/_registry/flights/access.json").unlink()
    assert run(("access", "verify", "flights")) == 0
    assert "flights/access.json in the registry" in " ".join(capsys.readouterr().out.split())
    assert run(("access", "verify", "crew")) == 0
    assert "is missing" not in capsys.readouterr().out
