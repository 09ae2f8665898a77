"""Records of JSON files, however they are put together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mesh_dagster.contracts.files import records as module
from mesh_dagster.contracts.files.records import records
from mesh_dagster.errors import EvaluationError


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2}]',
        '{"a": 1}\n{"a": 2}\n',
        '{"a": 1}{"a": 2}',
        '\ufeff \n[\n{"a": 1}\n,\n{"a": 2}\n]\n',
        '{\n"a": 1\n}\n{\n"a": 2\n}',
    ],
)
def test_records_are_found_in_every_arrangement(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    assert list(records(path)) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("text", ["[]", "", "  \n", "[ ]"])
def test_no_records_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert list(records(path)) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_records_do_not_depend_on_where_the_text_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("mesh_dagster.contracts.files.spool.BLOCK", size)
    rows = [{"a": "ü" * n, "b": [n, {"c": None}], "d": -1.5e3} for n in range(20)]
    for name, text in (
        ("a.json", json.dumps(rows, ensure_ascii=False)),
        ("a.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert list(records(path)) == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1}\n{"a": }\n', "line 2 is no JSON"),
        ('[{"a": 1},\n\n{"a": 2]', "line 3 is no JSON"),
        ('[{"a": 1},]', "comma before the end"),
        ('[{"a": 1}', "ends before its array"),
        ('[{"a": 1} {"a": 2}]', "where a comma"),
        ('[{"a": 1}] x', "goes on after the end"),
        ("[1]", "a number where a record goes"),
        ('"text"', "a text where a record goes"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "no JSON"),
    ],
)
def test_what_is_no_json_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(EvaluationError, match=told) as caught:
        list(records(path))
    assert str(caught.value.where).startswith(f"{path}:")


def test_a_gigantic_record_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_RECORD", 1 << 20)
    path = tmp_path / "a.json"
    path.write_text('{"a": "' + "x" * (4 << 20) + '"}')
    with pytest.raises(EvaluationError, match="more than 1 MB"):
        list(records(path))
