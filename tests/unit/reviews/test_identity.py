"""Who is deciding, whether he owns the product, and what proves it."""

from __future__ import annotations

import os
import pwd
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from mesh_dagster.descriptors.product import folder_problems, load_product
from mesh_dagster.errors import UsageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.ownership import names_of, owners
from mesh_dagster.model.product import Member
from mesh_dagster.reviews.identity import known, of_launchpad, of_system, owner_among, owns
from mesh_dagster.testing import write_mesh, write_product


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MESH_CONFIG", raising=False)
    mesh = write_mesh(tmp_path)
    return write_product(mesh, "shop/sales/v1", {"amount": "BIGINT"}, {"amount": [1]})


def _with(folder: Path, file: str, **more: object) -> LoadedProduct:
    path = folder / file if "/" not in file else folder.parents[1] / file.removeprefix("../")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | more, sort_keys=False))
    return load_product(folder)


NOOR = {"username": "noor.haddad@nycair.example", "role": "owner"}
PIET = {"username": "piet", "role": "developer"}


def test_owners_are_named_by_the_descriptor_the_contract_and_the_domain(folder: Path) -> None:
    _with(folder, "product.odps.yaml", team={"name": "T", "members": [NOOR, PIET]})
    _with(folder, "contract.odcs.yaml", team={"members": [{"username": "ada", "role": "Owner"}]})
    found = owners(_with(folder, "../domain.yaml", members=[{"username": "eve", "role": "owner"}]))
    assert [each.username for each in found] == [NOOR["username"], "ada", "eve"]


def test_without_a_named_owner_the_team_of_the_domain_owns_its_products(folder: Path) -> None:
    _with(folder, "product.odps.yaml", team={"name": "T", "members": [PIET]})
    found = owners(_with(folder, "../domain.yaml", members=[{"username": "eve"}]))
    assert [each.username for each in found] == ["eve"]


def test_who_has_left_owns_nothing(folder: Path) -> None:
    members = [{**NOOR, "dateOut": "2013-11-07"}, {"username": "ada", "role": "owner"}]
    loaded = _with(folder, "product.odps.yaml", team={"name": "T", "members": members})
    assert len(owners(loaded, date(2013, 11, 7))) == 2
    assert [each.username for each in owners(loaded, date(2013, 11, 8))] == ["ada"]


def test_who_has_left_by_one_of_his_entries_owns_nothing_until_he_is_back(folder: Path) -> None:
    ada = {"username": "ada", "role": "owner"}
    _with(folder, "product.odps.yaml", team={"name": "T", "members": [NOOR, ada]})
    left = {**NOOR, "username": "Noor.Haddad@nycair.example", "dateOut": "2013-11-07"}
    loaded = _with(folder, "../domain.yaml", members=[left])
    assert [each.username for each in owners(loaded, date(2013, 11, 7))] == [
        NOOR["username"],
        "ada",
    ]
    assert [each.username for each in owners(loaded, date(2013, 11, 8))] == ["ada"]
    _with(folder, "contract.odcs.yaml", team={"members": [{**NOOR, "dateIn": "2013-12-01"}]})
    loaded = load_product(folder)
    assert [each.username for each in owners(loaded, date(2013, 11, 30))] == ["ada"]
    assert [each.username for each in owners(loaded, date(2013, 12, 1))] == [
        NOOR["username"],
        "ada",
    ]


def test_who_has_left_the_team_of_a_domain_by_another_file_owns_nothing(folder: Path) -> None:
    _with(folder, "product.odps.yaml", team={"members": [{**PIET, "dateOut": "2013-11-07"}]})
    loaded = _with(folder, "../domain.yaml", members=[{"username": "piet"}, {"username": "eve"}])
    assert [each.username for each in owners(loaded, date(2013, 11, 8))] == ["eve"]


@pytest.mark.parametrize(
    ("stated", "last"),
    [
        ("2013-10-31T00:00:00Z", date(2013, 10, 31)),
        ("2013-10-31T23:59:59-05:00", date(2013, 10, 31)),
        ("20131031", date(2013, 10, 31)),
        ("31.10.2013", None),
        ("soon", None),
    ],
)
def test_a_day_of_leaving_is_read_with_its_time_and_told_where_it_is_none(
    folder: Path, stated: str, last: date | None
) -> None:
    members = [{**NOOR, "dateOut": stated}, {"username": "ada", "role": "owner"}]
    loaded = _with(folder, "product.odps.yaml", team={"name": "T", "members": members})
    file = folder / "product.odps.yaml"
    told = [each for each in folder_problems(folder) if each.code == "MESH-D008"]
    if last is not None:
        assert len(owners(loaded, last)) == 2
        assert told == []
        assert [each.username for each in owners(loaded, last + timedelta(days=1))] == ["ada"]
        return
    assert [each.username for each in owners(loaded, date(2013, 1, 1))] == ["ada"]
    (finding,) = told
    assert finding.severity is Severity.WARNING
    assert "who has it counts as one who has left" in finding.message
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "dateOut" in text)
    assert finding.where is not None
    assert finding.where.endswith(f"product.odps.yaml:{line}")


def test_an_owner_in_two_files_is_known_by_what_both_say_of_him(folder: Path) -> None:
    arn = "arn:aws:iam::123456789012:role/x"
    known = {"customProperties": [{"property": "identity", "value": ["nhaddad", arn]}]}
    _with(folder, "product.odps.yaml", team={"name": "T", "members": [{**NOOR, **known}]})
    other = {"customProperties": [{"property": "identity", "value": "noorh"}]}
    team = {"members": [{**NOOR, "role": "developer", **other}]}
    _with(folder, "contract.odcs.yaml", team=team)
    loaded = _with(folder, "../domain.yaml", members=[NOOR])
    assert [each.username for each in owners(loaded)] == [NOOR["username"]]
    for name in ("nhaddad", arn, "noorh", "noor.haddad"):
        assert owns(loaded, name), name
    assert not owns(loaded, "piet")


def test_a_member_is_known_by_his_address_his_login_and_what_he_says(folder: Path) -> None:
    arn = "arn:aws:iam::123456789012:user/nh"
    rest = {"customProperties": [{"property": "identity", "value": ["nhaddad", arn]}]}
    member = Member(str(NOOR["username"]), "owner", None, rest)
    assert names_of(member) == {"noor.haddad@nycair.example", "noor.haddad", "nhaddad", arn}


def test_an_owner_is_recorded_by_his_own_name_and_with_his_proof(folder: Path) -> None:
    loaded = _with(folder, "product.odps.yaml", team={"name": "T", "members": [NOOR]})
    by = owner_among(
        loaded,
        [of_launchpad("piet"), Identity("Noor.Haddad", "os", True, "uid 7", ("Noor.Haddad",))],
    )
    assert str(by) == "noor.haddad@nycair.example (os)"
    assert by.detail == "Noor.Haddad, uid 7"
    assert owns(loaded, "noor.haddad")
    assert not owns(loaded, "noor")
    with pytest.raises(UsageError, match=r"You are piet \(launchpad, unverified\)"):
        owner_among(loaded, [of_launchpad("piet")])


@pytest.mark.parametrize("name", ["", " ", "@nycair.example", "haddad"])
def test_a_part_of_a_name_is_nobody(folder: Path, name: str) -> None:
    loaded = _with(folder, "product.odps.yaml", team={"name": "T", "members": [NOOR]})
    with pytest.raises(UsageError, match="only an owner"):
        owner_among(loaded, [of_launchpad(name)])


def test_the_operating_system_is_asked_and_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(variable, "noor.haddad")
    found = of_system()
    assert found.name == pwd.getpwuid(os.getuid()).pw_name
    assert found.verified
    assert found.detail == f"uid {os.getuid()}"


def test_the_proofs_come_in_their_order_and_unknown_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MESH_USER", "noor")
    assert [each.proof for each in known(["environment", "os", "launchpad"])] == [
        "environment",
        "os",
    ]
    monkeypatch.delenv("MESH_USER")
    assert [each.proof for each in known(["environment", "os"])] == ["os"]
    with pytest.raises(UsageError, match="nothing named 'palm'"):
        list(known(["palm"]))


def test_nobody_is_nobodys_name() -> None:
    listed = {"customProperties": [{"property": "identity", "value": ["", " ", "noor"]}]}
    assert names_of(Member("@example.org", None, None, listed)) == {"@example.org", "noor"}
