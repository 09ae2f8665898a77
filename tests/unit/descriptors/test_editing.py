"""What a person wrote stays as it is, but for the values that are changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.descriptors.editing import Named, Place, custom, edited
from mesh_dagster.descriptors.writing import write
from mesh_dagster.errors import DescriptorError, UsageError

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "domains").glob("*/src/*/defs/*/*.od?s.yaml"))

TEXT = """\
# The product of the air domain.
id: mesh://air/flights   # for good
version: 1.0.0
status: active  # since March
description: >-
  All that
  flies.
outputPorts:
  - name: flights        # the first
    version: 1.0.0
    contractId: mesh://air/flights/v1
  # Of late ones only.
  - {name: late, version: 1.0.0, contractId: mesh://air/flights/v1/late}
customProperties:
  - {property: archetype, value: aggregate}
  - property: stage
    value: beta   # not yet
# The end.
"""


def test_a_value_is_changed_and_nothing_else() -> None:
    found = edited(
        TEXT,
        {
            ("status",): "deprecated",
            ("outputPorts", 0, "version"): "1.1.0",
            ("outputPorts", 1, "version"): "1.2.0",
            custom("stage"): "stable",
        },
        "x.yaml",
    )
    expected = TEXT.replace("status: active ", "status: deprecated ", 1)
    expected = expected.replace("version: 1.0.0\n    contract", "version: 1.1.0\n    contract")
    expected = expected.replace("late, version: 1.0.0", "late, version: 1.2.0")
    assert found == expected.replace("value: beta", "value: stable")


def test_what_is_not_there_is_added_at_the_end_of_its_list() -> None:
    found = edited(TEXT, {custom("deprecation"): {"sunset": "2014-01-31", "why": "a: b"}}, "x.yaml")
    assert found == TEXT.replace(
        "    value: beta   # not yet\n",
        "    value: beta   # not yet\n"
        "  - property: deprecation\n"
        "    value:\n"
        "      sunset: '2014-01-31'\n"
        "      why: 'a: b'\n",
    )


def test_a_list_that_is_not_there_is_added_whole() -> None:
    text = "id: x\ntags: [a, b]  # few\n"
    found = edited(text, {custom("stage"): "beta", ("version",): "1.1.0"}, "x.yaml")
    assert found == (
        "id: x\ntags: [a, b]  # few\ncustomProperties:\n- property: stage\n  value: beta\n"
        "version: 1.1.0\n"
    )


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("a: {b: 1}", ("a", "c"), "a: {b: 1, c: new}"),
        ("a: {}", ("a", "c"), "a: {c: new}"),
        ("a: [{n: x}]", ("a", Named("n", "y"), "v"), "a: [{n: x}, {n: y, v: new}]"),
        ("a: |\n  one\n  two\nb: 2\n", ("a",), "a: new\nb: 2\n"),
        ("a: 'it''s'  # c\n", ("a",), "a: new  # c\n"),
        ('a: "x"\r\nb: 1\r\n', ("c",), 'a: "x"\r\nb: 1\r\nc: new\r\n'),
        ("a:\nb: 1\n", ("a",), "a: new\nb: 1\n"),
        ("a: [1, 2]\n", ("a",), "a: new\n"),
        ("a:\n- n: x\n  v: |\n    long\n    text\n", ("a", Named("n", "x"), "w"),
         "a:\n- n: x\n  v: |\n    long\n    text\n  w: new\n"),
    ],
)  # fmt: skip
def test_every_way_of_writing_is_understood(text: str, place: Place, expected: str) -> None:
    assert edited(text, {place: "new"}, "x.yaml") == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: &x {b: 1}\nc: *x\n", ("c", "b")),
        ("a: &x one\nc: *x\n", ("c",)),
        ("a: 1\n", ("a", "b")),
        ("a: [1]\n", ("a", 3)),
    ],
)
def test_what_cannot_be_changed_alone_is_refused_in_words(text: str, place: Place) -> None:
    with pytest.raises(UsageError, match="cannot be changed alone") as refused:
        edited(text, {place: "new"}, "x.yaml")
    assert refused.value.where == "x.yaml"


def test_what_is_no_descriptor_is_told_by_its_line() -> None:
    with pytest.raises(DescriptorError):
        edited("a: [", {("a",): 1}, "x.yaml")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name + "/" + file.name)
def test_the_files_of_the_reference_mesh_keep_every_other_line(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    found = edited(text, {("status",): "proposed", ("version",): "9.9.9"}, file.name)
    before, after = text.splitlines(), found.splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert sorted(changed) == ["status: proposed", "version: 9.9.9"]


words = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
scalars = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
    | st.integers(-999, 999)
    | st.booleans()
    | st.sampled_from(["no", "2013-01-01", "# x", "a: b", "1.0.0", "", "null"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, place: Place = ()) -> list[Place]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [place, *(each for key, one in inner for each in _places(one, (*place, key)))]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(words, values, min_size=1, max_size=4), st.data())
def test_whatever_is_changed_reads_as_that_and_as_nothing_else(
    document: dict[str, Any], data: st.DataObject
) -> None:
    flow = data.draw(st.sampled_from([False, None, True]))
    text = yaml.safe_dump(document, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    text = re.sub(r"(?m)^([a-z]+: [a-z0-9]+)$", r"\1  # said by somebody", text)
    place = data.draw(st.sampled_from(_places(document)[1:]))
    if data.draw(st.booleans()):
        place = (*place[:-1], data.draw(words)) if isinstance(place[-1], str) else place
    value = data.draw(scalars | st.dictionaries(words, scalars, min_size=1, max_size=2))
    try:
        found = edited(text, {place: value}, "x.yaml")
    except UsageError:
        return  # refused, and nothing was lost
    assert found.count("# said by somebody") >= text.count("# said by somebody") - 1
    changed = yaml.safe_load(write(document))
    at = changed
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = value
    assert yaml.safe_load(found) == yaml.safe_load(write(changed))
