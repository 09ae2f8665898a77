"""Patterns of contracts for Spark: from the Rust regex crate's language to Java's.

Most of a pattern reads the same in both and means something else in corners: Java's `$` matches
before a last line feed, its `\\d` and `\\w` know ASCII only, its `++` never gives back. Every
token is translated by itself, so that both find the same texts; a token without a translation
is refused, and the rule says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PREFIX = "(?dU)"
"""Lines end with a line feed only; classes and cases are Unicode's."""

_SAME = frozenset("dDwWsSbB")
_CONTROLS = {"n": r"\n", "t": r"\t", "r": r"\r", "f": r"\f", "a": r"\x07", "v": r"\x0B"}
_POSIX = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "xdigit": "0-9A-Fa-f",
    "word": "0-9A-Za-z_",
    "space": r"\t\n\x0B\f\r\x20",
    "blank": r"\t\x20",
}
_TOKEN = re.compile(
    r"""
    (?P<hex>\\(?:x[0-9A-Fa-f]{2}|[xuU]\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}))
  | (?P<category>\\[pP](?:[A-Z]|\{[A-Z][a-z]?\}))
  | (?P<word>\\[bB]\{)
  | (?P<letter>\\[A-Za-z0-9<>])
  | (?P<quoted>\\.)
  | (?P<posix>\[:\^?[a-z]+:\])
  | (?P<set>&&|--|~~)
  | (?P<name>\(\?P?<(?![=!])[A-Za-z][A-Za-z0-9]*>)
  | (?P<flags>\(\?[is]+[:)]|\(\?:)
  | (?P<extension>\(\?)
  | (?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)
  | (?P<one>[^\\])
    """,
    re.VERBOSE | re.DOTALL,
)


def for_java(pattern: str) -> str:
    """The same pattern for Java. Raises `ValueError` where it would mean something else."""
    return _PREFIX + "".join(_translated(pattern))


def _translated(pattern: str) -> Iterator[str]:
    inside = repeated = False
    at = 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise ValueError(f"the pattern {pattern} has nothing after a backslash")
        if not inside and found.lastgroup in ("posix", "set"):
            found = re.compile("(?P<one>.)", re.DOTALL).match(pattern, at) or found
        kind, text = found.lastgroup or "", found.group()
        at = found.end()
        if not inside and text == "[":
            start = re.compile(r"\^?(?:\]|-+)?").match(pattern, at)
            held = start.group() if start else ""
            at += len(held)
            inside, repeated = True, False
            yield "[" + ("^" if held.startswith("^") else "")
            yield "".join("\\" + each for each in held.lstrip("^"))
        elif inside and text == "]":
            inside = False
            yield text
        else:
            if kind == "repeat" and not inside and repeated:
                raise ValueError(f"{pattern} repeats a repetition, which Spark reads otherwise")
            repeated = kind == "repeat"
            yield _in_class(kind, text) if inside else _outside(kind, text)
    if inside:
        raise ValueError(f"{pattern} has a class without its end")


def _outside(kind: str, text: str) -> str:
    if kind in ("flags", "repeat"):
        return text
    if kind == "name":
        return "("
    if kind == "one":
        return {"$": r"\z", "{": r"\{", "}": r"\}", "]": r"\]"}.get(text, text)
    if text in (r"\A", r"\z"):
        return text
    return _either(kind, text)


def _in_class(kind: str, text: str) -> str:
    if kind == "posix":
        name = text.strip("[:^]")
        if name not in _POSIX or "^" in text:
            raise ValueError(f"{text} has no equal in Spark's patterns")
        return _POSIX[name]
    if kind in ("name", "flags", "extension", "repeat"):
        return "".join(_literal(each) for each in text)
    if kind == "one":
        if text == "[":
            raise ValueError("a class in a class has no equal in Spark's patterns")
        return text if text == "-" else _literal(text)
    if text in (r"\b", r"\B"):
        raise ValueError(f"{text} in a class has no equal in Spark's patterns")
    return _either(kind, text)


def _either(kind: str, text: str) -> str:
    """A token that means the same inside of a class and outside."""
    if kind == "hex":
        return rf"\x{{{text[2:].strip('{}')}}}"
    if kind in ("category", "quoted"):
        return text
    if kind == "letter" and text[1] in _SAME:
        return text
    if kind == "letter" and text[1] in _CONTROLS:
        return _CONTROLS[text[1]]
    raise ValueError(f"{text} has no equal in Spark's patterns")


def _literal(character: str) -> str:
    return character if character.isalnum() or not character.isascii() else "\\" + character
