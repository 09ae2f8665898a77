r"""Regular expressions between languages: a contract's are Rust's, and others read other ones.

A pattern of another language is taken if Rust reads it: look-around and references to groups it
does not. On the way out the ends of text and named groups are said as the others do: `\z` is `\Z`
in Python and `$` in ECMAScript, and `(?P<n>a)` is a group without its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P?<[^=!>][^>]*>|\$", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_INLINE_FLAGS = re.compile(r"\(\?[a-zA-Z]*-?[a-zA-Z]+[:)]")
_MANY_LINES = re.compile(r"\(\?[a-zA-Z]*m[a-zA-Z]*(?:-[a-zA-Z]+)?[:)]")
_OF_RUST_ONLY = re.compile(r"\[\[:|&&|\\x\{|\\[UGhHKRX]|\\b\{|\\[<>]")
_ENDS_OF = {
    "polars": {r"\z": "$"},
    "pandas": {r"\z": r"\Z", "$": r"\Z"},
    "pyspark": {r"\z": r"\Z"},
}


def is_read(pattern: str) -> bool:
    """Whether it is a pattern that a contract can promise."""
    import polars as pl

    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError:
        return False
    return True


def from_python(pattern: str, flags: int = 0) -> str | None:
    """A pattern of Python's, its flags in it; None where a contract cannot promise it."""
    if flags & re.ASCII:
        return None
    letters = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
    end = r"\z" if flags & re.MULTILINE or _MANY_LINES.search(pattern) else "$"
    text = (f"(?{letters})" if letters else "") + _said(pattern, {r"\Z": end}, names=True)
    return text if is_read(text) else None


def to_python(pattern: str, backend: str) -> str:
    """A pattern for a backend of pandera, all of which have Python read it first.

    Python's `$` lets a line end follow where its own engine runs the pattern, in pandas.
    """
    ends = _ENDS_OF[backend]
    if _MANY_LINES.search(pattern):
        ends = {r"\z": r"\Z"}
    return _said(pattern, ends)


def to_ecma(pattern: str) -> str | None:
    """A pattern as JSON Schema reads it; None where ECMAScript cannot say it."""
    if _INLINE_FLAGS.search(pattern) or _OF_RUST_ONLY.search(pattern):
        return None
    return _said(pattern, {r"\A": "^", r"\z": "$"})


def _said(pattern: str, words: Mapping[str, str], *, names: bool = False) -> str:
    """With some words replaced outside of [classes], and groups without names."""

    def say(found: re.Match[str]) -> str:
        text = found.group()
        return "(?:" if text.startswith("(?") and not names else words.get(text, text)

    return _TOKEN.sub(say, pattern)
