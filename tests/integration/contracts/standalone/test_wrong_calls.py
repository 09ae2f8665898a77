"""Calls that cannot work: each says what is wrong, where, and what to type instead."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]

TOP = "apiVersion: v3.1.0\nkind: {}\nid: x\nversion: 1.0.0\nstatus: draft\n"


@pytest.fixture(autouse=True)
def folder(bench: Any) -> Any:
    """A contract, its data, and what is neither."""
    bench.contract()
    bench.write("orders.csv", "id,email,amount\n1,a@x,1\n")
    bench.write("in/some.odcs.yaml", TOP.format("DataContract"))
    bench.write("product.odps.yaml", TOP.format("DataProduct"))
    bench.write("pod.yaml", TOP.format("Pod"))
    bench.write("schema.yml", "version: 2\nmodels: []\n")
    bench.write("schema.json", '{"$schema": "x", "type": "object"}')
    (bench.folder / "empty").mkdir()
    return bench


@pytest.mark.parametrize(
    ("contract", "told", "fix"),
    [
        ("contract.yml", "there is no such file; did you mean `contract.yaml`?", "contract.yaml"),
        ("quack.yaml", "MESH-D003 there is no such file\n", "mesh contract infer DATA writes one"),
        ("no/such/folder.yaml", "there is no such file", "mesh contract infer"),
        ("in", "is a folder; a contract is a file", "in/some.odcs.yaml"),
        ("empty", "is a folder", None),
        ("https://x.org/c.yaml", "is not on this machine", "bring it here"),
        ("orders.csv", "is data and no contract", "mesh contract infer orders.csv"),
        ("product.odps.yaml", "is a data product's descriptor and no contract", "the contracts"),
        ("pod.yaml", "is a Pod and no contract", "kind: DataContract"),
        ("schema.yml", "is no contract", "mesh contract import dbt schema.yml"),
        ("schema.json", "is no contract", "mesh contract import jsonschema schema.json"),
    ],
)
def test_what_is_no_contract_is_called_what_it_is(
    run: Run, contract: str, told: str, fix: str | None
) -> None:
    ended = run(contract, "--data", "orders.csv")
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.count("MESH-") == 1, "one thing is wrong, and that is told"
    assert ended.err.partition("fix: ")[2].startswith(fix or "")
    assert ("fix:" in ended.err) is (fix is not None)


@pytest.mark.parametrize(
    ("asked", "told", "fix"),
    [
        (
            ["orders.csv"],
            "what is orders.csv?",
            "mesh contract test contract.yaml --data orders.csv",
        ),
        (["--data", "https://x.org/o.csv"], "is not on this machine", "bring it here"),
        (["--data", "-"], "a pipe", "write it to a file first"),
        (["--data", "order.csv"], "did you mean orders.csv", "orders.csv"),
        (["--data", "*.parquet"], "no file matches *.parquet; there are: orders.csv", None),
        (["--data", "empty"], "empty holds no data file", "name the file itself"),
        (["--server", "prod"], "no server 'prod'; there are none", None),
        (["--data", "orders.csv", "--only", " , "], "here is no name", None),
        (
            ["--data", "orders.csv", "--junit", "a/b/c.xml"],
            "there is no folder a/b",
            "mkdir -p a/b",
        ),
        (["--data", "orders.csv", "--junit", "in"], "in is a folder", "--junit in/report.xml"),
        (["--data", "orders.csv", "--json", "--junit", "-"], "both want stdout", "--junit report"),
        (["--data", "orders.csv", "--samples", "-1"], "-1 is not in the range", None),
        (["--data", "orders.csv", "--sample", "1"], "Did you mean '--samples'?", None),
        (["--data", "orders.csv", "--engine", "pandas"], "'polars', 'duckdb', 'spark'", None),
        (["--data", "orders.csv", "--baseline", "nowhere"], "there is no nowhere", None),
        ([], "which data?", "--data PATH"),
    ],
)
def test_a_call_that_cannot_work_says_what_would(
    run: Run, asked: list[str], told: str, fix: str | None
) -> None:
    ended = run("contract.yaml", *asked)
    assert ended.code == 2
    assert told in ended.err
    assert fix is None or f"fix: {fix}" in ended.err
    assert ended.out == "" or ended.json["verdict"] == "error"


def test_a_fix_that_is_a_command_works(run: Run) -> None:
    ended = run("contract.yaml", "orders.csv")
    fix = ended.err.partition("fix: ")[2]
    assert run(*shlex.split(fix)[3:]).code == 0


def test_a_contract_in_json_is_one_too(folder: Any, run: Run) -> None:
    table = {"name": "orders", "properties": [{"name": "id", "logicalType": "integer"}]}
    top = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "version": "1.0.0"}
    folder.write("c.json", json.dumps({**top, "status": "active", "schema": [table]}))
    folder.write("o.csv", "id\n1\n")
    assert run("c.json", "--data", "o.csv").code == 0
