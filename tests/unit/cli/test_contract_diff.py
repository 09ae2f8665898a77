"""`mesh contract diff` and what `mesh check` says of a contract's past."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_product

Run = Callable[..., Any]
Edit = Callable[[dict[str, Any]], Any]
FLIGHTS = "domains/air/src/air/defs/flights"
CONTRACT = f"{FLIGHTS}/contract.odcs.yaml"
CARRIERS = "domains/air/src/air/defs/carriers"


def edit(path: Path, change: Edit) -> None:
    document = yaml.safe_load(path.read_text())
    change(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def columns(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["schema"][0]["properties"]
    return found


def drop_delay(document: dict[str, Any]) -> None:
    document["schema"][0]["properties"] = columns(document)[:2]


def add_note(document: dict[str, Any]) -> None:
    columns(document).append({"name": "note", "physicalType": "VARCHAR"})


def to(version: str) -> Edit:
    def change(document: dict[str, Any]) -> None:
        document["version"] = version

    return change


@pytest.fixture
def git(mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Git in the mesh's folder, with one commit of all of it."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "ann")
        monkeypatch.setenv(f"{name}_EMAIL", "ann@x.example")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def call(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout

    call("init", "-q", "-b", "main")
    call("add", "-A")
    call("commit", "-q", "-m", "first")
    return call


@pytest.fixture
def files(mesh: Mesh, tmp_path: Path) -> tuple[Path, Path]:
    """A contract, and a copy of it beside."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    for each in (old, new):
        shutil.copy(tmp_path / CONTRACT, each)
    return old, new


def test_two_contracts_that_are_the_same_have_nothing_to_say(
    files: tuple[Path, Path], run: Run
) -> None:
    ended = run("contract", "diff", *map(str, files))
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("nothing changed")


def test_a_break_without_its_major_says_whom_it_hurts_and_exits_with_1(
    files: tuple[Path, Path], run: Run
) -> None:
    edit(files[1], drop_delay)
    edit(files[1], to("1.1.0"))
    ended = run("contract", "diff", *map(str, files))
    assert ended.code == 1
    heading, row, values = ended.out.splitlines()[:3]
    assert heading.split() == ["GRADE", "HURTS", "TAKES", "CHANGE"]
    assert row.split() == ["breaking", "reader", "major", "delay:", "column", "removed"]
    assert values.split() == ["INTEGER", "->", "-"]
    assert "1.0.0 to 1.1.0 is too small a bump, it takes 2.0.0" in ended.err
    assert max(map(len, ended.out.splitlines())) <= 80
    edit(files[1], to("2.0.0"))
    assert run("contract", "diff", *map(str, files)).code == 0


def test_a_version_that_goes_back_is_told_though_nothing_changed(
    files: tuple[Path, Path], run: Run
) -> None:
    edit(files[0], to("1.1.0"))
    ended = run("contract", "diff", *map(str, files))
    assert (ended.code, ended.out) == (1, "")
    assert "1.0.0 comes before 1.1.0" in ended.err
    assert not run("contract", "diff", *map(str, files), "--json").json["bumped"]


def test_what_a_line_has_no_room_for_goes_on_in_the_next(
    files: tuple[Path, Path], run: Run
) -> None:
    pattern = " ".join(f"word{at}" for at in range(40))
    for file, text in zip(files, (pattern, pattern + "s"), strict=True):
        edit(
            file,
            lambda document, text=text: columns(document)[1].update(
                logicalType="string", physicalType="VARCHAR", logicalTypeOptions={"pattern": text}
            ),
        )
    edit(files[1], to("2.0.0"))
    ended = run("contract", "diff", *map(str, files))
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in ended.out
    told = " ".join(line[35:].strip() for line in lines[1:])
    assert f"{pattern} -> {pattern}s" in told
    assert lines[1].split()[1:3] == ["reader,", "writer"]


def test_json_has_each_change_with_its_line(files: tuple[Path, Path], run: Run) -> None:
    edit(files[1], add_note)
    ended = run("contract", "diff", *map(str, files), "--json")
    assert ended.code == 1
    said = ended.json
    assert (said["bump"], said["wanted"], said["bumped"]) == ("minor", "1.1.0", False)
    (change,) = said["changes"]
    assert change["path"] == "flights.note"
    assert (change["grade"], change["hurts"]) == ("compatible", [])
    assert change["at"].startswith("new.yaml:")
    assert (change["before"], change["after"]) == (None, "VARCHAR")


def test_a_contract_is_read_from_git(git: Callable[..., str], run: Run, tmp_path: Path) -> None:
    edit(tmp_path / CONTRACT, drop_delay)
    assert run("contract", "diff", f"HEAD:{CONTRACT}", CONTRACT).code == 1
    git("commit", "-q", "-a", "-m", "second")
    assert run("contract", "diff", f"HEAD~1:{CONTRACT}", f"main:{CONTRACT}").code == 1
    assert run("contract", "diff", f"HEAD:{CONTRACT}", CONTRACT).code == 0


def test_a_path_in_git_may_count_from_the_folder(
    git: Callable[..., str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / FLIGHTS)
    assert run("contract", "diff", "HEAD:contract.odcs.yaml", "contract.odcs.yaml").code == 0


@pytest.mark.parametrize(
    ("side", "code"),
    [
        ("nothing.yaml", "MESH-C042"),
        ("nowhere:contract.yaml", "MESH-C042"),
        ("HEAD:nothing.yaml", "MESH-C042"),
        ("--help:contract.yaml", "MESH-C042"),
        ("-O/tmp/x:contract.yaml", "MESH-C042"),
        ("HEAD:.", "MESH-C042"),
        ("air/nothing", "MESH-C042"),
        ("air/flights", "MESH-C042"),
        ("mesh://air/flights/v7", "MESH-C042"),
    ],
)
def test_what_is_not_there_is_a_usage_error(
    git: Callable[..., str], run: Run, side: str, code: str
) -> None:
    ended = run("contract", "diff", "--", side, CONTRACT)
    assert ended.code == 2
    assert ended.out == ""
    assert code in ended.err
    assert "fix: " in ended.err or side == "HEAD:."


def test_outside_of_git_it_says_so(
    files: tuple[Path, Path], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    ended = run("contract", "diff", "HEAD:old.yaml", "new.yaml")
    assert ended.code == 2
    assert "MESH-C043" in ended.err


def test_a_contract_that_cannot_be_used_is_told_with_its_line(
    files: tuple[Path, Path], run: Run
) -> None:
    files[1].write_text("kind: DataContract\nversion: 1\n")
    ended = run("contract", "diff", *map(str, files))
    assert ended.code == 2
    assert "new.yaml:2" in ended.err


def test_no_mesh_is_needed_for_files(
    files: tuple[Path, Path], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(files[1], drop_delay)
    (tmp_path / "mesh.yaml").unlink()
    monkeypatch.delenv("MESH_CONFIG", raising=False)
    ended = run("contract", "diff", *map(str, files))
    assert ended.code == 1
    assert "mesh.yaml" not in ended.err


def test_what_is_published_is_compared_and_its_readers_are_named(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    for name in ("late", "busy", "all"):
        reader(published, name)
    declare(tmp_path, "late", ["day", "delay"])
    declare(tmp_path, "busy", ["day"])
    edit(tmp_path / CONTRACT, drop_delay)
    ended = run("contract", "diff", "air/flights", CONTRACT)
    assert ended.code == 1
    assert "read by: air/all, air/late (columns delay)" in ended.out
    said = run("contract", "diff", "mesh://air/flights/v1", CONTRACT, "--json").json
    assert said["changes"][0]["readers"] == [
        {"product": "mesh://air/all/v1", "columns": None},
        {"product": "mesh://air/late/v1", "columns": ["delay"]},
    ]


def reader(mesh: Mesh, name: str) -> None:
    """A product that reads air/flights."""
    write_product(
        mesh,
        f"air/{name}/v1",
        {"day": "DATE"},
        inputs={"flights": "mesh://air/flights/v1"},
        sql="select day from flights",
    )


def declare(root: Path, name: str, read: list[str]) -> None:
    """Say which columns it reads."""

    def change(document: dict[str, Any]) -> None:
        (port,) = document["inputPorts"]
        port["customProperties"] = [{"property": "columns", "value": read}]

    edit(root / f"domains/air/src/air/defs/{name}/product.odps.yaml", change)


def test_a_break_of_what_is_published_is_a_finding_and_stops_a_run(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    assert run("check").code == 0
    edit(tmp_path / CONTRACT, drop_delay)
    (finding,) = run("check", "--json").json
    assert (finding["code"], finding["severity"]) == ("MESH-C040", "error")
    assert finding["subject"] == "air/flights/v1"
    assert "flights.delay: column removed" in finding["message"]
    assert "takes 2.0.0, not 1.0.0" in finding["message"]
    assert f"cp -r {FLIGHTS} {FLIGHTS}_v2" in finding["fix"]
    assert run("check").code == 1
    assert run("check", "air/flights").code == 1
    ended = run("run", "air/flights", "--partition", "2013-11-01")
    assert ended.code == 2
    assert "MESH-C040" in ended.err


def test_a_bump_that_is_too_small_is_a_warning(published: Mesh, run: Run, tmp_path: Path) -> None:
    edit(tmp_path / CONTRACT, add_note)
    ended = run("check", "--json")
    assert ended.code == 0
    (finding,) = ended.json
    assert (finding["code"], finding["severity"]) == ("MESH-C041", "warning")
    assert "take 1.1.0, the version is 1.0.0" in finding["message"]


def promised(root: Path) -> Any:
    """The contract of the flights in the document of their domain."""
    (file,) = (root / ".mesh").rglob("_registry/air/discovery.json")
    entries = json.loads(file.read_text())["products"]
    (found,) = (each for each in entries if each["address"] == "mesh://air/flights/v1")
    return found["contracts"][""]


def test_what_nobody_was_ever_shown_may_be_put_right(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    # Its only day waits in quarantine: the document is there, and no publication.
    materialize(mesh, mesh.load(Address.parse("air/flights")), partitions=["2013-11-02"])
    assert promised(tmp_path)["version"] == "1.0.0"
    edit(tmp_path / CONTRACT, drop_delay)
    assert run("check").code == 0


def test_a_broken_contract_stays_out_of_the_documents(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    before = promised(tmp_path)
    edit(tmp_path / CONTRACT, drop_delay)
    assert run("rollback", "air/flights", "--to", "1").code == 0
    assert promised(tmp_path) == before


def test_ci_compares_with_a_ref_and_asks_no_storage(
    git: Callable[..., str], run: Run, tmp_path: Path
) -> None:
    text = (tmp_path / "mesh.yaml").read_text()
    (tmp_path / "mesh.yaml").write_text(f"{text}registry: /proc/nowhere\n")
    assert run("check", "--against", "main").code == 0
    edit(tmp_path / CONTRACT, drop_delay)
    ended = run("check", "--against", "main", "--json")
    assert ended.code == 1
    assert [each["code"] for each in ended.json if each["severity"] == "error"] == ["MESH-C040"]
    git("commit", "-q", "-a", "-m", "second")
    assert run("check", "--against", "HEAD").code == 0
    assert run("check", "--against", "HEAD~1").code == 1


def test_a_promised_port_that_is_gone_is_a_finding(
    git: Callable[..., str], run: Run, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / CARRIERS)
    ended = run("check", "--against", "main", "--json")
    assert ended.code == 1
    (finding,) = ended.json
    assert finding["code"] == "MESH-C047"
    assert "air/carriers/v1 was at main as 1.0.0, active" in finding["message"]


def test_a_port_may_go_once_it_was_retired(
    git: Callable[..., str], run: Run, tmp_path: Path
) -> None:
    edit(tmp_path / CARRIERS / "contract.odcs.yaml", lambda each: each.update(status="retired"))
    git("commit", "-q", "-a", "-m", "retire it")
    shutil.rmtree(tmp_path / CARRIERS)
    assert run("check", "--against", "HEAD").code == 0


def test_a_major_that_was_replaced_in_place_is_told(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    for file in (tmp_path / CARRIERS).glob("*.yaml"):
        text = (
            file.read_text()
            .replace("version: 1.0.0", "version: 2.0.0")
            .replace("carriers/v1", "carriers/v2")
        )
        file.write_text(text)
    ended = run("check", "--json")
    assert ended.code == 0
    (finding,) = ended.json
    assert (finding["code"], finding["subject"]) == ("MESH-C047", "air/carriers/v1")
    assert "its contract is not here any more" in finding["message"]
    assert run("check", "air/flights", "--json").json == []


@pytest.mark.parametrize("ref", ["nowhere", "--output=x", "HEAD:x", ""])
def test_a_ref_that_is_none_is_a_usage_error(git: Callable[..., str], run: Run, ref: str) -> None:
    ended = run("check", f"--against={ref}")
    assert ended.code == 2
    assert "MESH-C042" in ended.err


def test_against_is_for_the_whole_mesh(git: Callable[..., str], run: Run) -> None:
    assert run("check", "air/flights", "--against", "main").code == 2


def test_columns_that_the_upstream_does_not_have_are_a_finding(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    reader(published, "late")
    declare(tmp_path, "late", ["day", "dealy"])
    (finding,) = run("check", "--json").json
    assert finding["code"] == "MESH-C044"
    assert "did you mean `delay`?" in finding["message"]


@pytest.mark.parametrize("declared", [[], ["day", "day"]])
def test_columns_are_names_each_once(
    published: Mesh, run: Run, tmp_path: Path, declared: list[str]
) -> None:
    reader(published, "late")
    declare(tmp_path, "late", declared)
    assert [each["code"] for each in run("check", "--json").json] == ["MESH-C044"]


def test_a_correction_that_is_none_is_told(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    custom = [{"property": "corrections", "value": [{"promise": "flights.primaryKey"}]}]
    edit(tmp_path / CONTRACT, lambda each: each.update(customProperties=custom))
    (finding,) = run("check", "--json").json
    assert (finding["code"], finding["severity"]) == ("MESH-C045", "warning")
