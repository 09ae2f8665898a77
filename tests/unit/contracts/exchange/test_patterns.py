"""Patterns mean the same in Rust, where contracts are audited, in Python and in ECMAScript."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import polars as pl
import pytest

from mesh_dagster.contracts.exchange.patterns import from_python, is_read, to_ecma, to_python

TEXTS = ["", "a", "b", "ab", "ba", "A", "a\n", "a\nb", "b\na", "(a)", "<n>", "a$", "zz", "é"]
PATTERNS = [
    r"a",
    r"^a$",
    r"\Aa\z",
    r"(?P<n>a)b",
    r"(?<n>a)|b\z",
    r"[$]",
    r"[(?P<n>]",
    r"[^\]$]z",
    r"\$",
    r"\\z",
    r"(?:a|b)$",
    r"a\b",
]


def rust(pattern: str) -> list[bool]:
    return pl.Series(TEXTS).str.contains(pattern).to_list()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_a_contract_means_the_same_in_pandas(pattern: str) -> None:
    found = to_python(pattern, "pandas")
    assert [re.search(found, text) is not None for text in TEXTS] == rust(pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_in_pandera_polars_it_is_one_that_python_reads_too(pattern: str) -> None:
    found = to_python(pattern, "polars")
    re.compile(found)
    assert rust(found) == rust(pattern)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_it_means_the_same_in_a_json_schema() -> None:
    asked = json.dumps([[to_ecma(pattern) for pattern in PATTERNS], TEXTS])
    script = (
        f"const [patterns, texts] = {asked};"
        "console.log(JSON.stringify(patterns.map(p => texts.map(t => new RegExp(p, 'u').test(t)))))"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [rust(pattern) for pattern in PATTERNS]


@pytest.mark.parametrize("pattern", [r"(?i)a", r"a(?s:.)b", r"[[:alpha:]]", r"[a&&b]", r"\x{41}"])
def test_what_a_json_schema_cannot_say_is_none_of_its_patterns(pattern: str) -> None:
    assert is_read(pattern)
    assert to_ecma(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [
        (r"^a$", re.MULTILINE),
        (r"A|B", re.IGNORECASE),
        (r"a.b", re.DOTALL),
        (r"a b  # both", re.VERBOSE),
        (r"a\Z", 0),
        (r"(?P<n>a)", 0),
        (r"(?i)A", 0),
    ],
)
def test_a_pattern_of_python_keeps_its_flags_and_ends(pattern: str, flags: int) -> None:
    found = from_python(pattern, flags)
    assert found is not None
    assert rust(found) == [re.search(pattern, text, flags) is not None for text in TEXTS]


@pytest.mark.parametrize(
    ("pattern", "flags"), [(r"(?=a)", 0), (r"(?P<n>a)(?P=n)", 0), (r"(a)\1", 0), (r"\w", re.ASCII)]
)
def test_a_pattern_that_no_contract_can_promise_is_none(pattern: str, flags: int) -> None:
    assert from_python(pattern, flags) is None
