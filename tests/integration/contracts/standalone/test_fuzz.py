"""Any bytes as data, any text as a contract: an answer, an exit code, and never a traceback."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.cli import root

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
schema:
- name: orders
  properties:
  - {name: id, logicalType: integer, required: true, unique: true}
  - {name: at, logicalType: timestamp}
  - {name: amount, physicalType: "decimal(10,2)", logicalTypeOptions: {minimum: 0}}
  - name: tags
    logicalType: array
    items: {logicalType: string, logicalTypeOptions: {maxLength: 3}}
  - {name: o, logicalType: object, properties: [{name: a, logicalType: integer, required: true}]}
"""
CSV = b'id,at,amount,tags,o\n1,2024-01-01,3.50,"[""a""]","{""a"":1}"\n2,,x,,\n'
JSON = b'[{"id":1,"at":"2024-01-01T00:00:00Z","tags":["a"],"o":{"a":1}},{"id":"x","o":{}}]'
FEW = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


def _seeds() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        parquet, database = Path(folder) / "a.parquet", Path(folder) / "a.duckdb"
        pl.DataFrame({"id": [1, 2], "tags": [["a"], None]}).write_parquet(parquet)
        with duckdb.connect(database) as made:
            made.execute("CREATE TABLE orders (id INTEGER)")
        return {
            "csv": CSV,
            "csv.gz": gzip.compress(CSV),
            "json": JSON,
            "jsonl": b'{"id":1}\n{"id":2}\n',
            "parquet": parquet.read_bytes(),
            "duckdb": database.read_bytes(),
        }


SEEDS = _seeds()


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of some format with a few bytes of it changed, added or cut off."""
    kind = draw(st.sampled_from(sorted(SEEDS)))
    data = bytearray(SEEDS[kind])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = draw(st.binary(max_size=3))
            case 1:
                del data[at:]
            case _:
                data[at:at] = draw(
                    st.sampled_from([b'"', b",", b"\n", b"[", b"{", b"\0", b"1e999"])
                )
    return kind, bytes(data)


def _tested(contract: str | bytes, name: str, data: bytes) -> None:
    """Run the command on both, and hold what it says against what it may say."""
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            text = contract if isinstance(contract, bytes) else contract.encode()
            Path("contract.yaml").write_bytes(text)
            Path(name).write_bytes(data)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = root.run(
                    [
                        "contract",
                        "test",
                        "contract.yaml",
                        "--data",
                        name,
                        "--json",
                        "--samples",
                        "1",
                    ]
                )
        finally:
            os.chdir(before)
    assert code in (0, 1, 2, 3)
    assert "bug" not in err.getvalue()
    assert "Traceback" not in out.getvalue() + err.getvalue()
    verdict = json.loads(out.getvalue())["verdict"]
    assert {0: ("passed", "warning"), 1: ("failed",), 2: ("error",), 3: ("error",)}[code].count(
        verdict
    )


@FEW
@given(mutated())
def test_broken_files_get_an_answer(made: tuple[str, bytes]) -> None:
    kind, data = made
    _tested(CONTRACT, f"orders.{kind}", data)


@FEW
@given(
    st.sampled_from(["csv", "json", "parquet", "duckdb", "tsv", "ndjson"]), st.binary(max_size=80)
)
def test_any_bytes_as_data_get_an_answer(kind: str, data: bytes) -> None:
    _tested(CONTRACT, f"orders.{kind}", data)


@FEW
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda each: each.encode("utf-8", "replace")),
    )
)
def test_any_bytes_as_a_contract_get_an_answer(contract: bytes) -> None:
    _tested(contract, "orders.csv", CSV)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(["integer", "string", "array", "object", "^(", "2024-01-01", "decimal"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    "name",
    "logicalType",
    "physicalType",
    "physicalName",
    "required",
    "unique",
    "primaryKey",
    "primaryKeyPosition",
    "logicalTypeOptions",
    "enum",
    "items",
    "properties",
    "map",
    "quality",
    "relationships",
    "classification",
    "tags",
    "customProperties",
]


@FEW
@given(
    st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5), max_size=4),
    st.lists(
        st.dictionaries(st.sampled_from(["type", "metric", "mustBe", "query", "engine"]), VALUES),
        max_size=2,
    ),
)
def test_contracts_of_any_values_get_an_answer(
    properties: list[object], quality: list[object]
) -> None:
    document = yaml.safe_load(CONTRACT)
    document["schema"][0]["properties"] += [{"name": "x", **each} for each in properties]  # type: ignore[dict-item]
    document["schema"][0]["quality"] = quality
    _tested(yaml.safe_dump(document), "orders.csv", CSV)


OPTIONS = st.dictionaries(
    st.sampled_from(
        [
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "multipleOf",
            "minItems",
            "maxItems",
            "uniqueItems",
            "required",
            "timezone",
            "dimensions",
        ]
    ),
    st.one_of(
        st.integers(-5, 5),
        st.text(max_size=5),
        st.booleans(),
        st.floats(-2, 2),
        st.sampled_from(["email", "yyyy-MM-dd", "uuid", "(?=a)", "[", "i32", "2024-01-01"]),
    ),
    max_size=4,
)


@FEW
@given(
    st.sampled_from(
        [
            "string",
            "integer",
            "number",
            "date",
            "timestamp",
            "time",
            "boolean",
            "array",
            "object",
            "map",
            "vector",
        ]
    ),
    OPTIONS,
    st.sampled_from(["csv", "json"]),
)
def test_every_type_with_any_options_gets_an_answer(
    logical: str, options: dict[str, object], kind: str
) -> None:
    document = yaml.safe_load(CONTRACT)
    for each in document["schema"][0]["properties"]:
        each.update({"logicalType": logical, "logicalTypeOptions": options})
        each.pop("physicalType", None)
    _tested(yaml.safe_dump(document), f"orders.{kind}", SEEDS[kind])


@pytest.mark.parametrize(
    "name", ["orders.csv", "orders.json", "a=b.csv", "[x].csv", "*.csv", "ünï.csv"]
)
def test_any_name_of_a_file_is_a_file(name: str) -> None:
    _tested(CONTRACT, name, CSV if name.endswith("csv") else JSON)
