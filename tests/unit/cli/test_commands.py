"""What each command says of a small mesh, and the code it ends with."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_mesh, write_product

Run = Callable[..., Any]
FLIGHTS = "domains/air/src/air/defs/flights"

IN_A_MESH = [
    ["products"],
    ["show", "air/flights"],
    ["snapshots", "air/flights"],
    ["check"],
    ["check", "air/flights", "--data"],
    ["run", "air/flights"],
    ["audit", "air/flights", "--quarantined"],
    ["rollback", "air/flights", "--to", "1"],
    ["query", "select 1 from air.flights"],
    ["quarantine"],
    ["demo"],
    ["dev"],
]


@pytest.mark.parametrize("line", IN_A_MESH, ids=lambda line: line[0])
def test_outside_a_mesh_each_command_says_so_and_what_to_do(
    line: list[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MESH_CONFIG", raising=False)
    ended = run(*line)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("MESH-M003 there is no mesh.yaml")
    assert "fix: " in ended.err


def test_products_are_listed_with_their_owners(mesh: Mesh, run: Run) -> None:
    ended = run("products")
    assert ended.code == 0
    assert [line.split()[:3] for line in ended.out.splitlines()[1:]] == [
        ["air/carriers/v1", "1.0.0", "stable"],
        ["air/flights/v1", "1.0.0", "stable"],
    ]
    assert max(map(len, ended.out.splitlines())) <= 80


def test_a_broken_descriptor_hides_no_other_product(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    (tmp_path / FLIGHTS / "product.odps.yaml").write_text("kind: [")
    ended = run("products")
    assert ended.code == 0
    assert "air/carriers/v1" in ended.out
    assert "mesh check" in ended.err


def test_products_as_json_have_their_addresses(mesh: Mesh, run: Run) -> None:
    listed = run("products", "--json").json
    assert [each["address"] for each in listed] == [
        "mesh://air/carriers/v1",
        "mesh://air/flights/v1",
    ]
    assert listed[1]["sql_name"] == "air.flights_v1"
    assert listed[1]["inputs"] == ["source:test/rows"]


def test_a_product_shows_its_columns_and_what_is_published(published: Mesh, run: Run) -> None:
    ended = run("show", "air/flights")
    assert ended.code == 0
    assert "number 1 at 2013-11-04" in ended.out
    assert "3 rows" in ended.out
    assert "quarantined" in ended.out
    assert re.search(r"^id +long +1 +yes", ended.out, re.MULTILINE)
    assert max(map(len, ended.out.splitlines())) <= 80


def test_a_product_that_was_never_published_says_so(mesh: Mesh, run: Run) -> None:
    ended = run("show", "mesh://air/flights/v1")
    assert ended.code == 0
    assert re.search(r"published +never", ended.out)


def test_the_sql_name_of_a_product_is_an_address_too(mesh: Mesh, run: Run) -> None:
    assert run("show", "air.flights").out == run("show", "air/flights/v1").out != ""


def test_an_unknown_address_gets_a_suggestion(mesh: Mesh, run: Run) -> None:
    ended = run("show", "air/flihgts")
    assert ended.code == 2
    assert "air/flights" in ended.err


def test_snapshots_are_listed_newest_first(published: Mesh, run: Run) -> None:
    ended = run("snapshots", "air/flights")
    assert ended.code == 0
    number, day, *_ = ended.out.splitlines()[1].split()
    assert (number, day) == ("1", "2013-11-04")
    assert "2 from 2013-11-01" in ended.out
    assert [each["number"] for each in run("snapshots", "air/flights", "--json").json] == [1]


def test_files_in_order_are_clean(mesh: Mesh, run: Run) -> None:
    ended = run("check")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing is wrong" in ended.err


def test_every_finding_of_every_file_is_told_with_its_line(
    mesh: Mesh, run: Run, tmp_path: Path
) -> None:
    for name in ("flights", "carriers"):
        path = tmp_path / f"domains/air/src/air/defs/{name}/contract.odcs.yaml"
        path.write_text(path.read_text() + "statsu: active\nkidn: 1\n")
    ended = run("check")
    assert ended.code == 1
    assert ended.out.count("MESH-D007") == 4
    assert len(re.findall(r"contract\.odcs\.yaml:\d+", ended.out)) == 4
    assert {each["severity"] for each in run("check", "--json").json} == {"error"}


def test_one_product_is_checked_alone(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    path = tmp_path / FLIGHTS / "contract.odcs.yaml"
    path.write_text(path.read_text() + "statsu: active\n")
    assert run("check", "air/carriers").code == 0
    assert run("check", "air/flights").code == 1


def test_one_domain_is_checked_alone(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    write_product(mesh, "sea/ships/v1", {"name": "VARCHAR"}, {"name": ["Ada"]})
    path = tmp_path / FLIGHTS / "contract.odcs.yaml"
    path.write_text(path.read_text() + "statsu: active\n")
    ended = run("check", "sea")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "sea, 1 product: nothing is wrong\n"
    assert run("check", "air").code == run("check").code == 1
    unknown = run("check", "seaa")
    assert unknown.code == 2
    assert "no domain 'seaa'; did you mean `sea`?" in unknown.err
    (tmp_path / "domains/sea/src/sea/domain.yaml").write_text("name: [")
    assert "MESH-D" in run("check", "sea").out


def test_an_input_that_nobody_serves_is_found(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    path = tmp_path / FLIGHTS / "product.odps.yaml"
    document = yaml.safe_load(path.read_text())
    document["inputPorts"].append(
        {"name": "carriers", "version": "1.0.0", "contractId": "mesh://air/carrier/v1"}
    )
    path.write_text(yaml.safe_dump(document))
    ended = run("check")
    assert ended.code == 1
    assert "MESH-M049" in ended.out
    assert "air/carriers/v1" in ended.out


def test_two_folders_of_one_address_are_found(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    again = tmp_path / FLIGHTS.replace("flights", "flights_again")
    again.mkdir()
    for file in (tmp_path / FLIGHTS).iterdir():
        (again / file.name).write_bytes(file.read_bytes())
    ended = run("check")
    assert ended.code == 1
    assert ended.out.count("described twice") == 1


def test_published_data_that_keeps_its_contract_is_clean(published: Mesh, run: Run) -> None:
    ended = run("check", "--data")
    assert (ended.code, ended.out) == (0, "")
    assert "results passed" in ended.err


def test_published_data_is_audited_against_the_contract_as_it_is_now(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / FLIGHTS / "contract.odcs.yaml"
    document = yaml.safe_load(path.read_text())
    document["schema"][0]["properties"][2]["logicalTypeOptions"] = {"maximum": 8}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    ended = run("check", "air/flights", "--data")
    assert ended.code == 1
    assert re.search(r"air/flights/v1 +2013-11-03 +failed", ended.out)
    assert run("check", "air/flights", "--data", "--partition", "2013-11-01").code == 0


def test_a_partition_without_a_product_to_audit_is_refused(mesh: Mesh, run: Run) -> None:
    assert run("check", "--partition", "2013-11-01").code == 2
    assert run("check", "air/flights", "--data", "--partition", "yesterday").code == 2


def test_data_that_was_never_published_cannot_be_audited(mesh: Mesh, run: Run) -> None:
    ended = run("check", "air/flights", "--data")
    assert ended.code == 3
    assert "MESH-M010" in ended.err


def test_quarantine_names_the_rule_and_shows_the_rows_that_fail(published: Mesh, run: Run) -> None:
    ended = run("quarantine", "--rows", "5")
    assert ended.code == 0
    assert re.search(r"air/flights/v1 +2013-11-02 +2 ", ended.out)
    assert re.findall(r"^3 +2013-11-02 +([78])", ended.out, re.MULTILINE) == ["7", "8"]
    (waiting,) = run("quarantine", "air/flights", "--rows", "1", "--json").json
    assert waiting["partition"] == "2013-11-02"
    (failure,) = waiting["failures"]
    assert failure["failed"] == 1
    assert len(failure["rows"]) == 1


def test_an_empty_quarantine_says_so(mesh: Mesh, run: Run) -> None:
    ended = run("quarantine")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing waits" in ended.err
    assert run("quarantine", "--json").json == []


def test_what_waits_is_asked_of_the_products_that_are_here(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    write_product(published, "sea/ships/v1", {"name": "VARCHAR"}, {"name": ["Ada"]})
    materialize(published, Mesh.open().load(Address.parse("sea/ships")))
    shutil.rmtree(tmp_path / "domains/sea")
    assert [each["sql_name"] for each in run("products", "--json").json][-1] == "sea.ships_v1"
    (waiting,) = run("quarantine", "--json").json
    assert waiting["address"] == "mesh://air/flights/v1"
    assert run("check", "--data").code == 0


def test_a_second_audit_publishes_what_a_corrected_contract_lets_pass(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    refused = run("audit", "air/flights", "--quarantined")
    assert refused.code == 1
    assert re.search(r"2013-11-02 +quarantined", refused.out)
    path = tmp_path / FLIGHTS / "contract.odcs.yaml"
    document = yaml.safe_load(path.read_text())
    document["schema"][0]["properties"][2] |= {"primaryKey": True, "primaryKeyPosition": 3}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    loosened = run("audit", "air/flights", "--quarantined")
    assert loosened.code == 2
    assert "MESH-C040 air/flights/v1 · flights.primaryKey: promise loosened" in loosened.err
    correction = {"promise": "flights.primaryKey", "of": "1.0.0", "reason": "it never was one"}
    document["customProperties"] = [{"property": "corrections", "value": [correction]}]
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    released = run("audit", "air/flights", "--quarantined")
    assert released.code == 0
    assert re.search(r"2013-11-02 +released", released.out)
    assert run("query", "select count(*) as n from air.flights", "--json").json == [{"n": 5}]


def test_an_audit_of_what_is_not_said_is_refused(published: Mesh, run: Run) -> None:
    ended = run("audit", "air/flights")
    assert ended.code == 2
    assert "--quarantined" in ended.err


def test_a_query_reads_products_by_name(published: Mesh, run: Run) -> None:
    sql = "select day, count(*) as flights from air.flights group by 1 order by 1"
    ended = run("query", sql)
    assert ended.code == 0
    assert [line.split() for line in ended.out.splitlines()] == [
        ["day", "flights"],
        ["2013-11-01", "2"],
        ["2013-11-03", "1"],
    ]
    assert run("query", sql, "--json").json == [
        {"day": "2013-11-01", "flights": 2},
        {"day": "2013-11-03", "flights": 1},
    ]


def test_a_long_result_is_cut_and_says_so(published: Mesh, run: Run) -> None:
    ended = run("query", "select id from air.flights order by id", "--limit", "2")
    assert len(ended.out.splitlines()) == 3
    assert "only the first 2 rows" in ended.err
    assert run("query", "select id from air.flights", "--limit", "3").err == ""


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("drop table air.flights", 2),
        ("select 1; select 2", 2),
        ("select * from air.nowhere", 2),
        ("select nothing from air.flights", 3),
        ("select * from read_csv('/etc/passwd')", 2),
    ],
)
def test_a_query_that_cannot_be_run_is_refused_in_words(
    published: Mesh, run: Run, sql: str, code: int
) -> None:
    ended = run("query", sql)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("MESH-")


def test_a_query_as_of_a_publication_reads_that_one(published: Mesh, run: Run) -> None:
    sql = "select count(*) as n from air.carriers"
    assert run("query", sql, "--as-of", "1", "--json").json == [{"n": 2}]
    before = run("query", sql, "--as-of", "2013-11-01")
    assert before.code == 3
    assert "MESH-M010" in before.err


def test_a_rollback_is_a_publication_of_its_own(published: Mesh, run: Run) -> None:
    ended = run("rollback", "air/carriers", "--to", "1")
    assert ended.code == 0
    assert "publication 2" in ended.out
    kinds = [each["kind"] for each in run("snapshots", "air/carriers", "--json").json]
    assert kinds == ["rollback", "materialization"]


def test_a_run_says_what_became_of_each_partition(mesh: Mesh, run: Run) -> None:
    ended = run("run", "air/flights", "--from", "2013-11-01", "--to", "2013-11-03")
    assert ended.code == 1
    assert [line.split()[:3] for line in ended.out.splitlines()[1:4]] == [
        ["2013-11-01", "published", "2"],
        ["2013-11-02", "quarantined", "2"],
        ["2013-11-03", "published", "1"],
    ]
    assert "mesh quarantine air/flights/v1" in ended.err
    assert run("run", "air/carriers").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "none was named"),
        (["--partition", "2013-11-31"], "is no partition"),
        (["--partition", "2013-10-31"], "from 2013-11-01 to 2013-11-03"),
        (["--from", "2013-11-01"], "go together"),
        (["--from", "2013-11-03", "--to", "2013-11-01"], "later than"),
        (["--from", "2013-11-01", "--to", "2013-11-02", "--partition", "2013-11-01"], "either"),
    ],
)
def test_partitions_that_make_no_sense_are_refused_before_anything_is_done(
    mesh: Mesh, run: Run, options: list[str], said: str
) -> None:
    ended = run("run", "air/flights", *options)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert run("snapshots", "air/flights", "--json").json == []


def test_a_product_without_partitions_takes_none(mesh: Mesh, run: Run) -> None:
    ended = run("run", "air/carriers", "--partition", "2013-11-01")
    assert ended.code == 2
    assert "has no partitions" in ended.err


def test_a_document_that_cannot_be_read_is_told(mesh: Mesh, run: Run) -> None:
    mesh.documents.write("sea/discovery.json", b'{"schemaVersion": 99}')
    ended = run("products")
    assert ended.code == 0
    assert "discovery documents of 1 domain could not be read: mesh check" in ended.err
    ended = run("check")
    assert ended.code == 0
    assert "MESH-D041 sea · " in ended.out


def test_what_is_broken_in_one_domain_hides_nothing_of_another(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    write_product(published, "sea/ships/v1", {"name": "VARCHAR"}, {"name": ["Ada"]})
    (tmp_path / ".mesh/journals/sea.db").write_text("no journal at all")
    assert run("show", "air/flights").code == 0
    ended = run("quarantine")
    assert ended.code == 3
    assert "2013-11-02" in ended.out
    assert "sea/ships/v1" in ended.err
    (tmp_path / "domains/sea/src/sea/domain.yaml").write_text("name: [")
    assert run("show", "air/flights").code == 0
    assert "air/flights/v1" in run("products").out
    ended = run("quarantine")
    assert ended.code == 3
    assert "2013-11-02" in ended.out


def test_a_descriptor_cannot_take_the_place_of_another_domains_product(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    write_product(published, "aaa/ships/v1", {"name": "VARCHAR"}, {"name": ["Ada"]})
    file = tmp_path / "domains/aaa/src/aaa/defs/ships/product.odps.yaml"
    file.write_text((tmp_path / FLIGHTS / "product.odps.yaml").read_text())
    own = Mesh.open().load(Address.parse("air/flights"))
    assert own.folder == tmp_path / FLIGHTS
    assert run("products").out.count("air/flights/v1") == 1
    ended = run("check")
    assert ended.code == 1
    assert "domains/aaa/src/aaa/defs/ships/product.odps.yaml" in ended.out


def test_a_text_of_a_document_cannot_drive_the_terminal(
    mesh: Mesh, run: Run, tmp_path: Path
) -> None:
    materialize(mesh, mesh.load(Address.parse("air/carriers")))
    text = mesh.documents.read("air/discovery.json")
    document = json.loads(text)
    hostile = {"purpose": "a\x1b[2Jb", "usage": "c\x07d\x9b31m"}
    document["products"][0]["product"]["description"] = hostile
    mesh.documents.write("air/discovery.json", json.dumps(document).encode())
    shutil.rmtree(tmp_path / "domains/air")
    ended = run("show", "air/carriers")
    assert ended.code == 0
    assert "a\\x1b[2Jb" in ended.out
    assert "c\\x07d\\x9b31m" in ended.out
    assert all(each.isprintable() or each == "\n" for each in ended.out)


def test_a_rule_that_a_corrected_contract_dropped_hides_no_other(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / FLIGHTS / "contract.odcs.yaml"
    contract = yaml.safe_load(file.read_text())
    for each in contract["schema"][0]["properties"]:
        each.pop("primaryKey", None)
        each.pop("primaryKeyPosition", None)
    file.write_text(yaml.safe_dump(contract))
    ended = run("quarantine", "--rows", "3")
    assert ended.code == 0
    assert "has no rule" in ended.out
    assert "\n      mesh audit air/flights/v1 --quarantined" in ended.out
    assert "\n      mesh run air/flights/v1 --partition 2013-11-02" in ended.out
    (waiting,) = run("quarantine", "--rows", "3", "--json").json
    assert "has no rule" in waiting["failures"][0]["no_rows"]


def test_a_misspelt_key_of_the_mesh_is_said_on_stderr_once(
    mesh: Mesh, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text(file.read_text() + "jurnal: sqlite\n")
    for line in (["products", "--json"], ["quarantine"], ["query", "select 1 as one"]):
        ended = run(*line)
        assert ended.code == 0
        assert ended.err.count("nothing is called `jurnal`") == 1, line
    assert run("products", "--json").json
    assert "jurnal" in run("check").out
    assert "jurnal" not in run("check").err


def test_a_draft_that_has_one_major_is_its_owners_without_naming_it(
    mesh: Mesh, run: Run, tmp_path: Path
) -> None:
    descriptor = tmp_path / FLIGHTS / "product.odps.yaml"
    descriptor.write_text(descriptor.read_text().replace("status: active", "status: draft"))
    assert run("run", "air/flights", "--partition", "2013-11-01").code == 0
    assert run("check", "air/flights").code == 0
    assert run("check", "air/flights", "--data").code == 0
    assert run("quarantine", "air/flights").code == 0
    assert run("run", "air/flights/v2").code == 2
    read = run("show", "air/flights")
    assert read.code == 2
    assert "name one: mesh://air/flights/v1" in read.err


def test_published_data_is_audited_whatever_is_wrong_with_another_product(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    (tmp_path / FLIGHTS.replace("flights", "carriers") / "contract.odcs.yaml").write_text("kind: [")
    ended = run("check", "--data")
    assert ended.code == 3
    assert "air/flights/v1: " in ended.err
    assert "air/carriers" in ended.err
    assert "contract.odcs.yaml" in ended.err


def test_a_publication_that_never_was_is_not_told_as_one_that_is_gone(
    published: Mesh, run: Run
) -> None:
    ended = run("rollback", "air/flights", "--to", "99")
    assert ended.code == 2
    assert "has no publication 99: there are those from 1 to 1" in ended.err


def test_a_mesh_lives_in_a_folder_of_any_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "why? %41 #1"
    root.mkdir()
    made = write_mesh(root)
    write_product(made, "air/codes/v1", {"code": "VARCHAR"}, {"code": ["AA"]}, key=["code"])
    monkeypatch.chdir(root)
    assert run("run", "air/codes").code == 0
    (journal,) = (root / ".mesh" / "journals").glob("*.db")
    assert journal.name == "air.db"
    assert [each.rows for each in made.summary()] == [1]
    assert [each.name for each in tmp_path.iterdir()] == [root.name]


def test_a_wide_result_shows_whole_headings_and_says_what_is_not_there(
    published: Mesh, run: Run
) -> None:
    named = ", ".join(f"{at} as a_rather_long_name_{at}" for at in range(12))
    ended = run("query", f"select {named} from air.carriers limit 1")
    heading = ended.out.splitlines()[0]
    assert len(heading) <= 80
    assert all(re.fullmatch(r"a_rather_long_name_\d+", each) for each in heading.split())
    left = 12 - len(heading.split())
    assert f"{left} of 12 columns found no room: name those you want in the SELECT" in ended.err


def test_what_the_platform_added_leaves_before_what_was_promised(published: Mesh, run: Run) -> None:
    named = "1 as carrier_code, " + ", ".join(f"{at} as long_name_{at}" for at in range(5))
    ended = run("query", f"select {named}, _recorded_at from air.carriers limit 1")
    heading = ended.out.splitlines()[0].split()
    assert heading == ["carrier_code", *(f"long_name_{at}" for at in range(5))]
    assert "1 of 7 columns found no room" in ended.err


def test_what_a_partition_fails_is_said_whole_at_80_columns(
    mesh: Mesh, run: Run, published: Mesh
) -> None:
    fails = "1 row beyond the first of (id, day); the contract allows none"
    made = run("run", "air/flights", "--partition", "2013-11-02")
    waiting = run("quarantine")
    audited = run("audit", "air/flights", "--quarantined")
    for ended in (made, waiting, audited):
        assert fails in ended.out
        assert "\u2026" not in ended.out
        assert f"{FLIGHTS}/contract.odcs.yaml:" in ended.out
