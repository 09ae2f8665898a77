"""Whatever text or bytes are in a file, the answer is a model or findings, in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.descriptors import odcs, odps
from mesh_dagster.descriptors.domain import domain_from_file
from mesh_dagster.descriptors.folder import examine
from mesh_dagster.descriptors.mesh import mesh_problems
from mesh_dagster.descriptors.odcs_shape import CONTRACT, ITEM, OBJECT, QUALITY, RELATIONSHIP
from mesh_dagster.descriptors.odps_shape import INPUT_PORT, OUTPUT_PORT, PRODUCT
from mesh_dagster.descriptors.source import Source
from mesh_dagster.descriptors.types import UnknownTypeError, parse
from mesh_dagster.descriptors.wiring import read_wiring
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.finding import Severity

FUZZ = settings(max_examples=examples(70), deadline=None, suppress_health_check=list(HealthCheck))
READERS = [odps.read, odcs.read]

keys = st.sampled_from(
    sorted(
        {
            key
            for shape in (
                PRODUCT,
                INPUT_PORT,
                OUTPUT_PORT,
                CONTRACT,
                OBJECT,
                ITEM,
                QUALITY,
                RELATIONSHIP,
            )
            for key in shape.keys
        }
    )
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["v1.0.0", "v3.1.0", "1.0.0", "mesh://a/b", "mesh://a/b/v1", "source:a/b", "integer", "a.b"]
    )
    | st.sampled_from(["DataProduct", "DataContract", "array", "object", "library", "rowCount"])
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)


def answers(reader: Callable[[str], object], text: str) -> None:
    """Either a value, or findings that each say where."""
    findings = ()
    try:
        reader(text)
    except DescriptorError as error:
        findings = error.findings
    assert not findings or any(each.severity is Severity.ERROR for each in findings)
    assert all(each.where and str(each) for each in findings)


@pytest.mark.parametrize("reader", READERS)
@FUZZ
@given(text=st.text(max_size=200))
def test_any_text_is_answered(reader: Callable[[str], object], text: str) -> None:
    answers(reader, text)


@pytest.mark.parametrize("reader", READERS)
@FUZZ
@given(text=st.text(st.sampled_from("&*[]{}-:?|>!%@`'\"#, \n\tab1<"), max_size=60))
def test_any_yaml_punctuation_is_answered(reader: Callable[[str], object], text: str) -> None:
    answers(reader, text)


@pytest.mark.parametrize("reader", READERS)
@FUZZ
@given(document=documents)
def test_any_shape_under_any_key_is_answered(
    reader: Callable[[str], object], document: object
) -> None:
    answers(reader, yaml.safe_dump(document))


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A right document with one value replaced by anything."""
    document = yaml.safe_load(text)
    places: list[tuple[Any, Any]] = []

    def visit(value: Any) -> None:
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            places.append((value, key))
            if isinstance(each, (dict, list)):
                visit(each)

    visit(document)
    for holder, key in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        holder[key] = draw(documents)
    return yaml.safe_dump(document)


def sample(name: str) -> str:
    return (Path(__file__).parent / "departures" / name).read_text(encoding="utf-8")


@FUZZ
@given(text=mutated(sample("product.odps.yaml")))
def test_a_descriptor_with_any_value_replaced_is_answered(text: str) -> None:
    answers(odps.read, text)


@settings(FUZZ, max_examples=examples(200))
@given(text=mutated(sample("contract.odcs.yaml")))
def test_a_contract_with_any_value_replaced_is_answered(text: str) -> None:
    answers(odcs.read, text)


@FUZZ
@given(text=mutated(sample("defs.yaml")))
def test_wiring_with_any_value_replaced_is_answered(tmp_path: Path, text: str) -> None:
    (tmp_path / "defs.yaml").write_text(text)
    source = Source("defs.yaml")
    read_wiring(tmp_path, source)


@FUZZ
@given(data=st.binary(max_size=200))
def test_any_bytes_in_any_file_are_answered(tmp_path: Path, data: bytes) -> None:
    for name in ("product.odps.yaml", "a.odcs.yaml", "defs.yaml", "domain.yaml", "mesh.yaml"):
        (tmp_path / name).write_bytes(data)
    loaded, findings = examine(tmp_path)
    assert loaded is None
    assert any(finding.severity is Severity.ERROR for finding in findings)
    assert mesh_problems(tmp_path / "mesh.yaml")


@FUZZ
@given(
    text=st.text(max_size=60) | st.text(st.sampled_from("list<>()[],: amp1decintz"), max_size=60)
)
def test_any_text_is_a_type_or_is_none(text: str) -> None:
    refusal = ""
    try:
        again = parse(str(parse(text)))
    except UnknownTypeError as error:
        refusal = str(error)
    assert refusal or again == parse(text)


BOMBS = {
    "deep flow": "[" * 100_000,
    "deep sequence": "- " * 100_000 + "a",
    "deep mapping": "".join(" " * level + "a:\n" for level in range(1_000)),
    "deep but closed": "a: " + "[" * 500 + "]" * 500,
    "billion laughs": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join(['*' + chr(97 + at)] * 9)}]\n"
        for at in range(12)
    ),
    "an alias to itself": "a: &a [*a]\n",
    "a mapping in itself": "a: &a {b: *a}\n",
    "a large number": "version: " + "9" * 100_000,
    "a large exponent": "version: 1e99999",
    "many keys": "".join(f"k{at}: 1\n" for at in range(60_000)),
    "a long key": "k" * 200_000 + ": 1",
    "a long type": "kind: " + "list<" * 50_000,
    "2 MB of one text": "id: " + "x" * 2_000_000,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_with_little_work(reader: Callable[[str], object], bomb: str) -> None:
    start = time.thread_time()
    with pytest.raises(DescriptorError) as refused:
        reader(BOMBS[bomb])
    assert time.thread_time() - start < 30
    assert max(len(str(finding)) for finding in refused.value.findings) < 3_000


def test_a_bomb_within_a_known_key_is_refused() -> None:
    laughs = "".join(
        f"  - &{chr(98 + at)} [{', '.join(['*' + chr(97 + at)] * 9)}]\n" for at in range(12)
    )
    with pytest.raises(DescriptorError, match="MESH-D006"):
        odps.read("tags:\n  - &a [x, x]\n" + laughs)


def test_domain_files_of_any_text_are_answered(tmp_path: Path) -> None:
    for text in ("", "[]", "name: 1", "name: A", "name: a\nteam: b\nmembers: [{}]", "\t", "a: *b"):
        (tmp_path / "domain.yaml").write_text(text)
        source = Source("domain.yaml")
        domain_from_file(tmp_path, source)
        assert source.findings
