"""What is fuzzed: texts of contracts, data files and SQL rules, each as bytes from anybody.

Whatever the bytes, the answer is a report or a `MeshError`: any other exception is a finding,
as is a hang or a process that outgrows its memory (run.py sets both limits). Targets know no
fuzzer: atheris drives them in `run.py`, hypothesis in the tests.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from mesh_dagster.contracts.reading import read_contract
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.standalone.asked import Options
from mesh_dagster.contracts.standalone.run import hold
from mesh_dagster.errors import MeshError

ORDERS = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:fuzz:orders
version: 1.0.0
status: active
schema:
- name: orders
  properties:
  - {name: id, logicalType: integer, physicalType: long, required: true, unique: true}
  - name: email
    logicalType: string
    physicalType: string
    logicalTypeOptions: {pattern: '^[^@]+@[a-z.]+$', maxLength: 20, format: email}
  - {name: amount, logicalType: number, physicalType: double, logicalTypeOptions: {minimum: 0}}
  - {name: day, logicalType: date, physicalType: date}
  - name: tags
    logicalType: array
    physicalType: array
    items: {name: tag, logicalType: string, physicalType: string}
  quality:
  - {metric: rowCount, mustBeGreaterThan: 0}
slaProperties:
- {property: freshness, value: 1, unit: d, element: orders.day}
"""
ROWS = "id,email,amount,day\n1,a@b.com,1.5,2020-01-01\n2,b,-1,2020-13-01\n2,,x,\n"
SUFFIXES = (".csv", ".json", ".ndjson", ".parquet", ".csv.gz", ".json.gz", ".tsv", ".duckdb")
CANARY = "not-for-any-query-7316"


def contract_text(data: bytes) -> None:
    """A contract's text: read, compiled, held against a small file."""
    with tempfile.TemporaryDirectory() as folder:
        contract, rows = Path(folder, "orders.odcs.yaml"), Path(folder, "orders.csv")
        contract.write_bytes(data)
        rows.write_text(ROWS, encoding="utf-8")
        try:
            known = read_contract(contract).contract
            for table in known.schema:
                rules(known, table.name, standalone=True)
            hold(contract, [str(rows)])
        except MeshError as error:
            _said(error)


def data_file(data: bytes) -> None:
    """A data file: the first byte chooses its format, the others are what is in it."""
    with tempfile.TemporaryDirectory() as folder:
        contract = Path(folder, "orders.odcs.yaml")
        contract.write_text(ORDERS, encoding="utf-8")
        suffix = SUFFIXES[data[0] % len(SUFFIXES)] if data else ".csv"
        rows = Path(folder, f"orders{suffix}")
        rows.write_bytes(data[1:])
        try:
            hold(contract, [str(rows)], Options(samples=2))
        except MeshError as error:
            _said(error)


def sql_rule(data: bytes) -> None:
    """The query of a quality rule: it can read the rows it was given, and nothing else."""
    query = data.decode("utf-8", errors="replace")
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder, "outside")
        outside.mkdir()
        secret = outside / "secret.csv"
        secret.write_text(f"a\n{CANARY}\n", encoding="utf-8")
        contract, rows = Path(folder, "orders.odcs.yaml"), Path(folder, "orders.csv")
        stated = query.replace("{folder}", str(outside)).splitlines() or [""]
        quoted = "\n".join(f"      {line}" for line in stated)
        contract.write_text(
            ORDERS.replace(
                "  - {metric: rowCount, mustBeGreaterThan: 0}\n",
                f"  - type: sql\n    mustBe: 0\n    query: |2\n{quoted}\n",
            ),
            encoding="utf-8",
            newline="",
        )
        rows.write_text(ROWS, encoding="utf-8")
        told = ""
        try:
            report = hold(contract, [str(rows)], Options(samples=2))
            told = "\n".join(
                f"{each.message} {table.samples}"
                for table in report.tables
                for each in table.results
            )
        except MeshError as error:
            told = _said(error)
        if CANARY in told and CANARY not in query:
            raise AssertionError(f"a query read a file: {query!r}")
        if sorted(outside.rglob("*")) != [secret] or CANARY not in secret.read_text("utf-8"):
            raise AssertionError(f"a query wrote a file: {query!r}")


def _said(error: MeshError) -> str:
    """An error has words and a code, whatever it is about."""
    told = str(error)
    if not told.strip() or not error.code.startswith("MESH-"):
        raise AssertionError(f"an error that says nothing: {error!r}")
    return told


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (contract_text, data_file, sql_rule)
}
