"""Patterns that Spark can say as Polars does are said in Java's words, others are refused."""

from __future__ import annotations

import pytest

from mesh_dagster.contracts.audit.data.java import for_java


@pytest.mark.parametrize(
    ("rust", "java"),
    [
        ("^a.b$", r"(?dU)^a.b\z"),
        (r"^\d+\.\w*?$", r"(?dU)^\d+\.\w*?\z"),
        ("[^@ ]{2,}", r"(?dU)[^\@\ ]{2,}"),
        ("[]a-z-]", r"(?dU)[\]a-z-]"),
        ("[-+*?.$(]", r"(?dU)[\-\+\*\?\.\$\(]"),
        (r"(?P<year>[0-9]{4})|(?:x)", r"(?dU)([0-9]{4})|(?:x)"),
        (r"\x{e9}\x41\u{61}\v", r"(?dU)\x{e9}\x{41}\x{61}\x0B"),
        ("[[:alpha:]_]", r"(?dU)[A-Za-z\_]"),
        ("(?i)^é$", r"(?dU)(?i)^é\z"),
        (r"\p{Lu}\pN", r"(?dU)\p{Lu}\pN"),
        ("", "(?dU)"),
    ],
)
def test_a_pattern_is_said_in_javas_words(rust: str, java: str) -> None:
    assert for_java(rust) == java


@pytest.mark.parametrize(
    "pattern",
    ["a++", "(?m)^a$", "(?x) a", "[a--b]", "[a&&b]", "[a[b]]", r"\<a", r"\b{start}", r"\p{Greek}",
     "[[:^alpha:]]", r"\1", "[a", "\\", "(?=a)", r"[\b]"],
)  # fmt: skip
def test_a_pattern_that_spark_would_read_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        for_java(pattern)
