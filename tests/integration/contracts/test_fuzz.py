"""The targets of fuzz/ under hypothesis: no traceback, no hang, no memory bomb."""

from __future__ import annotations

import importlib.util
import resource
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from effort import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

FUZZ = Path(__file__).resolve().parents[3] / "fuzz"


def _targets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_targets", FUZZ / "targets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


targets = _targets()
quickly = settings(
    max_examples=examples(60),
    deadline=120_000,
    suppress_health_check=list(HealthCheck),
    database=None,
)

_WORDS = """
name logicalType physicalType required unique primaryKey primaryKeyPosition properties items
logicalTypeOptions quality metric mustBe mustBeBetween mustBeGreaterThan arguments type query rule
unit relationships to severity pattern format minimum maximum multipleOf maxLength enum minItems
uniqueItems customProperties property value schedule dimension implementation engine physicalName
classification tags validValues missingValues element
"""
_VALUES = r"""
id email day orders string integer number date timestamp array object map vector decimal long
library sql custom text rowCount nullValues invalidValues duplicateValues percent primaryKey (?=x)
^a{1000000000}$ [ \ 2020-01-01 P1D yyyy-MM-dd orders.id #/schema
"""
KEYS = st.sampled_from(_WORDS.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(_VALUES.split()),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No input makes the process grow by a gigabyte."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024 * 1024


def _mutated(draw: st.DrawFn, text: bytes) -> bytes:
    """A text with some of it cut out, repeated, or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        instead = draw(st.binary(max_size=6) | st.just(text[start:end] * 3))
        text = text[:start] + instead + text[end:]
    return text


@st.composite
def contracts(draw: st.DrawFn) -> bytes:
    """A contract's text: mutated, or with anything anywhere under its schema."""
    if draw(st.booleans()):
        return _mutated(draw, targets.ORDERS.encode())
    document: Any = yaml.safe_load(targets.ORDERS)
    where: Any = document["schema"][0]
    if draw(st.booleans()):
        where = draw(st.sampled_from(where["properties"]))
    where[draw(KEYS)] = draw(DOCUMENTS)
    return yaml.safe_dump(document, allow_unicode=True).encode("utf-8", errors="replace")


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A data file of some format: mutated rows, or anything."""
    suffix = draw(st.integers(0, len(targets.SUFFIXES) - 1))
    rows = draw(
        st.sampled_from(
            [
                targets.ROWS.encode(),
                b'[{"id": 1, "email": "a@b.com", "tags": ["a", null], "day": "2020-01-01"}]',
                b'{"id": 1}\n{"id": "x", "amount": 1e999}\n',
                b"PAR1",
            ]
        )
    )
    return bytes([suffix]) + draw(st.binary(max_size=60) | st.just(_mutated(draw, rows)))


QUERIES = st.sampled_from(
    [
        "SELECT COUNT(*) FROM {model} WHERE amount < 0",
        "SELECT a FROM read_csv('{folder}/secret.csv')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "SELECT * FROM '{folder}/secret.csv'",
        "ATTACH '{folder}/x.db' AS x",
        "SELECT 1; COPY {model} TO '{folder}/y.parquet'",
        "SELECT getenv('HOME')",
        "SELECT * FROM glob('{folder}/*')",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "SELECT repeat('x', 100000000000)",
    ]
)


@settings(quickly)
@given(contracts())
@example(b"a: &a [*a]\n")
@example(b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nschema: *c\n")
@example(b"\xff\xfe\x00")
@example(b"[" * 5_000)
@example(b"")
def test_no_text_of_a_contract_breaks_the_test_of_it(data: bytes) -> None:
    targets.contract_text(data)


@settings(quickly)
@given(files())
@example(b"\x01" + b"[" * 100_000)
@example(b"\x02" + b'{"a":' * 50_000)
@example(b"\x00" + b'id,email\n1,"' + b"x" * 100_000)
@example(b"\x03PAR1\xff\xff\xff\xff\x7fPAR1")
@example(b"\x04\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xed")
@example(b"")
def test_no_data_file_breaks_the_test_of_it(data: bytes) -> None:
    targets.data_file(data)


@settings(quickly, max_examples=examples(15))
@given(st.data())
def test_no_query_reads_or_writes_anything_but_its_rows(data: st.DataObject) -> None:
    query = data.draw(QUERIES)
    if data.draw(st.booleans()):
        query = _mutated(data.draw, query.encode()).decode("utf-8", errors="replace")
    targets.sql_rule(query.encode())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "SELECT 1; COPY {model} TO '{folder}/y.parquet'",
        "ATTACH '{folder}/x.db' AS x",
    ],
)
def test_queries_that_reach_out_are_refused(query: str) -> None:
    targets.sql_rule(query.encode())
