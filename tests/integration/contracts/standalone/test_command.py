"""What `mesh contract test` says, and the code it ends with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

Run = Callable[..., Any]

KEYS = [
    "id",
    "kind",
    "schema",
    "column",
    "dimension",
    "severity",
    "verdict",
    "checked",
    "failed",
    "message",
    "at",
]
BAD = "id,email,amount\n1,a@x,1\n1,b,-2\n3,c,4\n"


PAGE = Path(__file__).parents[4] / "docs" / "contracts" / "testing.md"


def test_each_exit_code_of_the_page_is_one_that_happens(bench: Any, run: Run) -> None:
    contract = bench.contract()
    bench.write("good/orders.csv", "id,email,amount\n1,a@x,1\n")
    bench.write("bad/orders.csv", BAD)
    bench.write("none/orders.csv", "")
    cases = {
        "0": ("--data", "good"),
        "1": ("--data", "bad"),
        "2": ("--data", "nowhere"),
        "3": ("--data", "none"),
    }
    assert re.findall(r"^\| (\d) \| ", PAGE.read_text(), re.MULTILINE) == list(cases)
    assert [str(run(contract, *asked).code) for asked in cases.values()] == list(cases)
    verdicts = [run(contract, *asked, "--json").json["verdict"] for asked in cases.values()]
    assert verdicts == ["passed", "failed", "error", "error"]
    named = [word for word in re.findall(r'"(\w+)"', PAGE.read_text()) if word in KEYS]
    assert named == ["verdict", *KEYS]


def test_data_that_keeps_its_contract_passes_with_exit_code_0(bench: Any, run: Run) -> None:
    contract = bench.contract()
    bench.write("orders.csv", "id,email,amount\n1,a@x,1\n")
    ended = run(contract, "--data", "orders.csv")
    assert ended.code == 0
    assert re.search(r"^passed: (\d+) of \1 rules passed \(", ended.out, re.MULTILINE)


def test_the_worst_is_told_first_with_its_line_and_what_to_do(bench: Any, run: Run) -> None:
    quality = [{"metric": "nullValues", "mustBe": 3, "severity": "warning"}]
    columns = [
        {"name": "id", "logicalType": "integer", "quality": quality},
        {"name": "email", "logicalType": "string", "logicalTypeOptions": {"pattern": "@"}},
        {"name": "amount", "logicalType": "number"},
    ]
    contract = bench.contract(columns)
    bench.write("orders.csv", BAD)
    ended = run(contract, "--data", "orders.csv")
    assert ended.code == 1
    assert re.findall(r"^  (failed|warning)  (\w+)", ended.out, re.MULTILINE) == [
        ("failed", "email_pattern"),
        ("warning", "id_null_values"),
    ]
    line = 1 + contract.read_text().splitlines().index("  - name: email")
    assert f"at contract.yaml:{line}" in ended.out
    assert "fix: " in ended.out
    lines = ended.out.splitlines()
    command = lines[lines.index("to see the rows:") + 1].split()
    assert max(len(each) for each in lines if each.split() != command) <= 80
    assert command[:3] == ["mesh", "contract", "test"]
    again = run(*command[3:])
    assert re.search(r"^    email  id  amount\n    b      1   -2$", again.out, re.MULTILINE)
    assert "to see the rows" not in again.out


def test_a_warning_alone_ends_with_0(bench: Any, run: Run) -> None:
    quality = [{"metric": "rowCount", "mustBe": 3, "severity": "warning"}]
    table = {"name": "orders", "properties": [{"name": "id"}], "quality": quality}
    contract = bench.contract(tables=[table])
    bench.write("orders.csv", "id\n1\n")
    ended = run(contract, "--data", "orders.csv", "--json")
    assert (ended.code, ended.json["verdict"]) == (0, "warning")


def test_a_misspelt_reference_is_one_rule_of_the_table_that_refers(bench: Any, run: Run) -> None:
    refers = [{"name": "id", "relationships": [{"to": "order.id"}]}]
    tables = [{"name": "orders", "properties": [{"name": "id"}]}]
    contract = bench.contract(tables=[*tables, {"name": "lines", "properties": refers}])
    for name in ("orders.csv", "lines.csv"):
        bench.write(name, "id\n1\n")
    ended = run(contract, "--data", "orders.csv", "--data", "lines.csv", "--json")
    assert list(ended.broken) == ["lines.id_in_order"]


def test_json_has_one_entry_a_rule_with_its_keys_in_order(bench: Any, run: Run) -> None:
    contract = bench.contract()
    bench.write("orders.csv", BAD)
    found = run(contract, "--data", "orders.csv", "--json").json
    assert list(found)[:2] == ["verdict", "rules"]
    assert found["verdict"] == "failed"
    assert all(list(each)[: len(KEYS)] == KEYS for each in found["rules"])
    unique = next(each for each in found["rules"] if each["id"] == "id_unique")
    assert (unique["kind"], unique["schema"], unique["column"]) == ("unique", "orders", "id")
    assert (unique["checked"], unique["failed"], unique["dimension"]) == (3, 1, "uniqueness")
    assert re.fullmatch(r"contract\.yaml:\d+", unique["at"])


def test_junit_has_a_case_a_rule(bench: Any, run: Run) -> None:
    contract = bench.contract()
    bench.write("orders.csv", BAD)
    ended = run(contract, "--data", "orders.csv", "--junit", "-")
    suite = ElementTree.fromstring(ended.out)[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("8", "3", "0")
    assert run(contract, "--data", "orders.csv", "--junit", "report.xml").code == 1
    assert ElementTree.parse("report.xml").getroot().tag == "testsuites"
    assert run(contract, "--data", "orders.csv", "--junit", "no/such/folder.xml").code == 2
    assert run(contract, "--data", "orders.csv", "--junit", "-", "--json").code == 2


def test_failing_rows_are_shown_only_when_asked_for_and_masked_where_classified(
    bench: Any, run: Run
) -> None:
    email = {"name": "email", "logicalTypeOptions": {"pattern": "@"}, "logicalType": "string"}
    columns = [{"name": "id"}, email | {"classification": "confidential"}, {"name": "amount"}]
    contract = bench.contract(columns)
    bench.write("orders.csv", "id,email,amount\n1,secret-one,1\n2,secret-two,2\n3,a@x,3\n")
    silent = run(contract, "--data", "orders.csv", "--json")
    assert silent.rule("email_pattern")["samples"] == []
    one = run(contract, "--data", "orders.csv", "--json", "--samples", 1)
    assert one.rule("email_pattern")["samples"] == [{"id": "1", "email": "***", "amount": "1"}]
    shown = run(contract, "--data", "orders.csv", "--samples", 5)
    assert "***" in shown.out
    assert "secret" not in silent.out + one.out + shown.out


def test_a_sample_shows_the_key_and_what_is_at_fault_first_uncut(bench: Any, run: Run) -> None:
    columns = [
        *({"name": f"a_rather_long_name_{number}"} for number in range(8)),
        {"name": "id", "logicalType": "integer", "primaryKey": True},
        {"name": "note", "logicalType": "string", "logicalTypeOptions": {"maxLength": 3}},
    ]
    contract = bench.contract(columns)
    names = [each["name"] for each in columns]
    bench.write("orders.csv", ",".join(names) + "\n" + ",".join("x" * 8) + ",7,toolong\n")
    asked = (contract, "--data", "orders.csv", "--only", "note_length", "--samples", 3)
    out = run(*asked).out
    assert re.search(r"^    id  note     a_rather_long_name_0  a_rather_long_name_1$", out, re.M)
    assert re.search(r"^    7   toolong  x ", out, re.M)
    assert "and 6 more columns: --json shows all" in out
    (sample,) = run(*asked, "--json").rule("note_length")["samples"]
    assert list(sample) == ["id", "note", *names[:8]]


def test_rows_are_promised_only_of_rules_that_have_some(bench: Any, run: Run) -> None:
    quality = [
        {"type": "sql", "name": "none", "query": "select count(*) from orders", "mustBe": 0},
        {"type": "custom", "engine": "python", "name": "all", "implementation": "rows_of"},
    ]
    table = {"name": "orders", "properties": [{"name": "id"}], "quality": quality}
    contract = bench.contract(tables=[table])
    bench.write("checks.py", "def rows_of(rows):\n    return rows\n")
    bench.write("orders.csv", "id\n1\n")
    for samples in ((), ("--samples", 3)):
        ended = run(contract, "--data", "orders.csv", "--python", *samples)
        assert ended.code == 1
        assert "fix: mend the data, or the query" in ended.out
        assert "fix: mend the data, or the code beside the contract" in ended.out
        assert "1 of 1 row fails" in ended.out
        assert "see the rows" not in ended.out


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        (["--only", "id_unique"], ["id_unique"]),
        (["--only", "orders.id_*"], ["id_type", "id_required", "id_unique"]),
        (["--only", "uniqueness,completeness"], ["id_required", "id_unique"]),
        (["--only", "money"], ["amount_type", "amount_range"]),
        (["--only", "unique,range"], ["id_unique", "amount_range"]),
        (["--skip", "type,schema,orders.id_unique,range,pattern"], ["id_required"]),
        (["--skip", "conformity"], ["id_required", "id_unique"]),
        (["--only", "id_*", "--skip", "id_type"], ["id_required", "id_unique"]),
    ],
)
def test_rules_are_chosen_by_id_kind_dimension_or_tag(
    bench: Any, run: Run, asked: list[str], rules: list[str]
) -> None:
    contract = bench.contract()
    text = contract.read_text().replace("- name: amount", "- tags: [money]\n    name: amount")
    contract.write_text(text)
    bench.write("orders.csv", BAD)
    ended = run(contract, "--data", "orders.csv", "--json", *asked)
    assert [each["id"] for each in ended.json["rules"]] == rules


def test_a_word_that_names_no_rule_is_refused_with_what_is_near(bench: Any, run: Run) -> None:
    contract = bench.contract()
    bench.write("orders.csv", BAD)
    ended = run(contract, "--data", "orders.csv", "--only", "id_uniqe")
    assert ended.code == 2
    assert "did you mean `id_unique`" in ended.err
    far = run(contract, "--data", "orders.csv", "--skip", "quack")
    assert "there are: completeness, conformity, pattern, range, required" in far.err


def test_of_several_tables_an_id_names_its_own(bench: Any, run: Run) -> None:
    columns = [{"name": "id", "logicalType": "integer", "required": True}]
    contract = bench.contract(
        tables=[{"name": name, "properties": columns} for name in ("orders", "lines")]
    )
    for name in ("orders", "lines"):
        bench.write(f"in/{name}.csv", "id\n1\n")
    found = run(contract, "--data", "in", "--json").json["rules"]
    ids = [each["id"] for each in found]
    assert len(set(ids)) == len(ids)
    assert {"orders.id_required", "lines.id_required"} <= set(ids)
    one = run(contract, "--data", "in", "--json", "--only", "lines.id_required")
    assert [each["id"] for each in one.json["rules"]] == ["lines.id_required"]
    both = run(contract, "--data", "in", "--json", "--only", "id_required")
    assert [each["schema"] for each in both.json["rules"]] == ["orders", "lines"]


def test_a_baseline_is_what_drift_is_measured_against(bench: Any, run: Run) -> None:
    drift = {
        "type": "custom",
        "engine": "mesh",
        "implementation": {"metric": "rowCount", "measure": "ratio"},
        "mustBeBetween": [0.5, 2],
    }
    table = {"name": "orders", "properties": [{"name": "id"}], "quality": [drift]}
    contract = bench.contract(tables=[table])
    bench.write("orders.csv", "id\n1\n")
    bench.write("before/orders.csv", "id\n" + "1\n" * 10)
    alone = run(contract, "--data", "orders.csv", "--json")
    assert alone.broken == {}, alone.out
    ended = run(contract, "--data", "orders.csv", "--baseline", "before", "--json")
    assert len(ended.broken) == 1, ended.out


def test_the_owners_python_runs_only_when_it_is_trusted(bench: Any, run: Run) -> None:
    rule = {"type": "custom", "engine": "python", "implementation": "even", "name": "even"}
    table = {"name": "orders", "properties": [{"name": "id"}], "quality": [rule]}
    contract = bench.contract(tables=[table])
    bench.write("checks.py", "from pathlib import Path\nPath('ran').touch()\n")
    bench.write("orders.csv", "id\n1\n")
    ended = run(contract, "--data", "orders.csv", "--json")
    assert ended.json["verdict"] != "passed"
    assert not Path("ran").exists()


def test_warnings_of_libraries_do_not_reach_the_user(bench: Any) -> None:
    rule = {"type": "custom", "engine": "pandera", "implementation": "schema"}
    table = {"name": "orders", "properties": [{"name": "id"}], "quality": [rule]}
    contract = bench.contract(tables=[table])
    bench.write(
        "checks.py",
        "import pandera.polars as pa\n"
        "from mesh_dagster.contracts import read_contract, to_pandera\n"
        f"schema = to_pandera(read_contract({str(contract)!r}))\n",
    )
    pl.DataFrame({"id": ["a"]}).write_parquet("orders.parquet")
    command = ["contract", "test", str(contract), "--data", "orders.parquet", "--python"]
    ended = subprocess.run(
        [sys.executable, "-m", "mesh_dagster.cli", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (None, 2, "MESH-D003"),
        ("", 2, "MESH-D004"),
        ("\0\1", 2, "MESH-D003"),
        ("name: x", 2, "MESH-C028"),
        ("kind: DataContract\n", 2, "`id` is missing"),
        (
            "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\n",
            2,
            "no schema",
        ),
        (
            "apiVersion: v9.0.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\n",
            2,
            "newer major",
        ),
    ],
)
def test_an_unusable_contract_ends_with_2(
    bench: Any, run: Run, content: str | None, code: int, told: str
) -> None:
    if content is not None:
        bench.write("contract.yaml", content)
    ended = run("contract.yaml", "--data", "x.csv", "--json")
    assert ended.code == code
    assert told in ended.err
    assert ended.json["verdict"] == "error"


def test_json_of_an_unusable_contract_has_each_finding_and_the_first_as_the_error(
    bench: Any, run: Run
) -> None:
    bench.write("contract.yaml", "apiVersion: v3.1.0\nkind: DataContract\nid: x\n\tstatus: draft\n")
    found = run("contract.yaml", "--data", "x.csv", "--json").json
    assert (found["error"]["code"], found["error"]["at"]) == ("MESH-D004", "contract.yaml:4")
    assert found["error"]["fix"] == "replace it by spaces"
    bench.write("contract.yaml", "apiVersion: v3.1.0\nkind: DataContract\n")
    findings = run("contract.yaml", "--data", "x.csv", "--json").json["findings"]
    assert {each["code"] for each in findings} == {"MESH-D009"}
    assert len(findings) > 1


@pytest.mark.parametrize(
    ("name", "content", "code", "told"),
    [
        ("orders.csv", b"", 3, "MESH-C023"),
        ("orders.csv", b" \n\n", 3, "not even a header"),
        (
            "orders.csv",
            b"id,amount,email\n1,2,3,4\n",
            3,
            "line 2 has 4 fields where its header has 3",
        ),
        ("orders.csv", b'id,email\n1,"a\n2,b\n', 3, "orders.csv"),
        ("orders.csv", b"id,email\n1,\xff\n", 3, "encoding: ISO-8859-1"),
        ("orders.csv", b"id,id\n1,2\n", 3, "MESH-C025"),
        ("orders.csv", b"id" * (3 << 20), 3, "longer than 4 MB"),
        ("orders.csv.gz", b"id\n1\n", 3, "is called gz"),
        ("orders.parquet", b"id\n1\n", 3, "read as parquet and is none"),
        ("orders.csv", b"PAR1\0\0", 3, "it is parquet"),
        ("orders.parquet", b"PAR1 and no more", 3, "cannot be read as Parquet"),
        ("orders.json", b'{"id": 1}\n{"id": }', 3, "line 2 is no JSON"),
        ("orders.json", b"[" * 100_000, 3, "nested"),
        ("orders.duckdb", b"12345678DUCK" + b"\0" * 100, 3, "cannot be opened"),
    ],
)
def test_data_that_cannot_be_read_ends_with_3_and_says_where(
    bench: Any, run: Run, name: str, content: bytes, code: int, told: str
) -> None:
    contract = bench.contract()
    bench.write(name, content)
    ended = run(contract, "--data", name)
    assert ended.code == code
    assert told.replace(" ", "") in re.sub(r"\s+", "", ended.out), ended.out
    assert "Traceback" not in ended.out + ended.err
    assert run(contract, "--data", name, "--json").json["verdict"] == "error"


def test_a_call_that_makes_no_sense_ends_with_2(bench: Any, run: Run) -> None:
    contract = bench.contract()
    assert run(contract).code == 2
    assert run(contract, "--data", "nowhere.csv").code == 2
    assert run(contract, "--data", "*.parquet").code == 2
    assert run(contract, "--server", "x").code == 2
    assert run(contract, "--data", "x.csv", "--engine", "abacus").code == 2


def test_one_unreadable_table_hides_no_other(bench: Any, run: Run) -> None:
    tables = [{"name": name, "properties": [{"name": "id"}]} for name in ("orders", "lines")]
    contract = bench.contract(tables=tables)
    bench.write("in/orders.csv", b"")
    bench.write("in/lines.csv", "id,extra\n1,2\n")
    ended = run(contract, "--data", "in", "--json")
    assert ended.code == 1
    assert [(each["schema"], each["verdict"]) for each in ended.json["rules"]][:2] == [
        ("orders", "error"),
        ("lines", "failed"),
    ]


def test_a_query_on_a_table_without_data_is_answered_with_how_to_give_some(
    bench: Any, run: Run
) -> None:
    query = {"type": "sql", "query": "select count(*) from lines", "mustBe": 0}
    tables = [
        {"name": "orders", "properties": [{"name": "id"}], "quality": [query]},
        {"name": "lines", "properties": [{"name": "id"}]},
    ]
    contract = bench.contract(tables=tables)
    bench.write("orders.csv", "id\n1\n")
    ended = run(contract, "--data", "orders=orders.csv", "--json", "--only", "sql")
    assert ended.code == 3
    (rule,) = ended.json["rules"]
    assert rule["verdict"] == "error"
    assert "--data lines=PATH" in rule["message"]


def test_no_dagster_is_imported_and_no_mesh_is_looked_for(bench: Any) -> None:
    contract = bench.contract()
    bench.write("mesh.yaml", "this: [is broken\n")
    pl.DataFrame({"id": [1]}).write_parquet("orders.parquet")
    code = (
        "import sys; from mesh_dagster.cli.root import run;"
        f"code = run(['contract', 'test', {str(contract)!r}, '--data', 'orders.parquet',"
        " '--json']);"
        "heavy = [m for m in ('dagster', 'sqlalchemy', 'pandera', 'pandas', 'pyiceberg', 'pyspark')"
        " if m in sys.modules];"
        "print(heavy, file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.strip() == "[]"
    assert json.loads(ended.stdout)["verdict"] == "passed"
