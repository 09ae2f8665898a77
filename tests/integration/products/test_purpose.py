"""What is granted is granted for a purpose, and what is refused says what may be read instead."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml

from mesh_dagster import clock
from mesh_dagster.cli.root import run
from mesh_dagster.errors import AccessDenied, UsageError
from mesh_dagster.journal.access_chain import entry_of
from mesh_dagster.model.access import AuditEntry
from mesh_dagster.model.snapshot import AttemptState
from mesh_dagster.products.granting import audit
from mesh_dagster.products.granting.asking import ask
from mesh_dagster.products.granting.rights import grant
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.read import read

NOOR, ADA = "noor@nycair.example", "ada@nycair.example"
ROTA, ADS = "to plan the rota", "to sell ads"


@pytest.fixture
def air(shop: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`flights` may read what is confidential in `crew`, to plan the rota."""
    mask = [{"property": "mask", "value": "hash"}]
    licence = {"physicalType": "VARCHAR", "classification": "restricted", "customProperties": mask}
    columns = {"pilot": "VARCHAR", "licence": licence}
    shop.product("crew/roster/v1", columns, {"pilot": ["Mo"], "licence": ["X1"]})
    shop.name_owners(NOOR, domain="crew")
    shop.product("flights/rota/v1", {"n": "BIGINT"}, inputs={"roster": "mesh://crew/roster/v1"},
                 sql="select count(*) as n from roster")  # fmt: skip
    shop.name_owners(ADA, domain="flights")
    shop.make(address="crew/roster")
    monkeypatch.chdir(shop.root)
    monkeypatch.setenv("MESH_USER", ADA)
    return shop


def _grant(air: Any, purpose: str) -> None:
    mesh = air.mesh
    until = clock.now().replace(year=clock.now().year + 1)
    asked = ask(mesh, mesh.resolve(air.load("crew/roster").product.address), purpose=purpose,
                until=until)  # fmt: skip
    assert asked.state == "waits"
    grant(mesh, asked.request, NOOR, "they do")


def _log(air: Any) -> list[AuditEntry]:
    with audit.log_of(air.mesh, "flights") as log:
        return [entry_of(row) for row in log.rows()]


def test_a_purpose_that_is_stated_has_to_be_that_of_a_grant(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _grant(air, ROTA)
    assert read("crew/roster", mesh=air.mesh).rows == 1
    assert "for 'to plan the rota', as is presumed" in _log(air)[-1].reason
    assert read("crew/roster", mesh=air.mesh, purpose="To plan  the ROTA").rows == 1
    assert "presumed" not in _log(air)[-1].reason
    with pytest.raises(
        AccessDenied, match="for 'to plan the rota', and not for 'to sell ads'"
    ) as no:
        read("crew/roster", mesh=air.mesh, purpose=ADS)
    assert "mesh request crew/roster/v1 --purpose 'to sell ads'" in (no.value.fix or "")
    assert _log(air)[-1].purpose == ADS
    for each in ("crew.roster", "crew.roster_v1"):
        with pytest.raises(AccessDenied):
            query(f"select * from {each}", mesh=air.mesh, purpose=ADS)
    monkeypatch.setenv("MESH_PURPOSE", ADS)
    with pytest.raises(AccessDenied):
        air.mesh["crew/roster"].read()
    with pytest.raises(AccessDenied):
        air.mesh.query("select * from crew.roster")
    assert air.mesh["crew/roster"].read(purpose=ROTA).collect().height == 1
    _grant(air, ADS)
    assert air.mesh["crew/roster"].read().collect().height == 1


def test_an_input_port_says_what_it_is_read_for(air: Any) -> None:
    _grant(air, ROTA)
    assert air.make(address="flights/rota").state is AttemptState.FINISHED
    file = air.load("flights/rota").folder / "product.odps.yaml"
    stated = yaml.safe_load(file.read_text())
    stated["inputPorts"][0]["customProperties"] = [{"property": "purpose", "value": ADS}]
    file.write_text(yaml.safe_dump(stated))
    with pytest.raises(AccessDenied, match="not for 'to sell ads'"):
        air.make(address="flights/rota")
    assert (_log(air)[-1].means, _log(air)[-1].purpose) == ("flights/rota/v1", ADS)
    _grant(air, ADS)
    assert air.make(address="flights/rota").state is AttemptState.FINISHED


def test_commands_state_a_purpose(
    air: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _grant(air, ROTA)
    sql = "select * from crew.roster"
    assert run(("query", sql, "--purpose", ROTA)) == 0
    assert run(("query", sql, "--purpose", ADS)) == 3
    assert run(("query", sql, "--purpose", " ")) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{sql};\n"))
    assert run(("query", "--purpose", ADS)) == 3
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with monkeypatch.context() as within:
        within.setenv("MESH_PURPOSE", "")
        assert run(("lab", "crew/roster", "--purpose", ADS)) == 3
        assert run(("lab", "crew/roster", "--notebook", "n.ipynb", "--purpose", ROTA)) == 0
    assert f"os.environ[\\\"MESH_PURPOSE\\\"] = '{ROTA}'" in (air.root / "n.ipynb").read_text()
    capsys.readouterr()


def test_what_is_open_needs_no_purpose_and_keeps_the_one_that_is_stated(air: Any) -> None:
    assert read("crew/roster/masked", mesh=air.mesh, purpose=ADS).rows == 1
    assert (_log(air)[-1].purpose, _log(air)[-1].allowed) == (ADS, True)


def test_who_may_read_the_masked_port_is_told_of_it(air: Any) -> None:
    with pytest.raises(AccessDenied) as no:
        query("select * from crew.roster", mesh=air.mesh)
    assert (no.value.fix or "").startswith("mesh query 'select * from crew.roster_v1__masked'; or")
    with pytest.raises(AccessDenied) as no:
        air.make(address="flights/rota")
    assert (no.value.fix or "").startswith("read mesh://crew/roster/v1/masked instead; or")


@pytest.mark.parametrize(
    "name", ["crew.roster_masked", "crew.roster.masked", "crew.roster_v1_masked"]
)
def test_a_port_that_is_named_wrongly_is_suggested(air: Any, name: str) -> None:
    with pytest.raises(UsageError, match=r"did you mean `crew\.roster_v1__masked`"):
        query(f"select * from {name}", mesh=air.mesh)
