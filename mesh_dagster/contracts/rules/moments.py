"""Dates and times that are stored as texts: a JDK DateTimeFormatter pattern as regexes.

A regex is what all engines share. To be exact it takes a second look: the layout bounds each
number by itself, and then the days that a month has not are refused, 29 February too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mesh_dagster.contracts.rules.formats import Form

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_FULL = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_FULL_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_TWO_DIGITS = {
    "M": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "H": "(?:[01][0-9]|2[0-3])",
    "h": "(?:0[1-9]|1[0-2])",
    "k": "(?:0[1-9]|1[0-9]|2[0-4])",
    "K": "(?:0[0-9]|1[01])",
    "m": "[0-5][0-9]",
    "s": "[0-5][0-9]",
}
_ONE_DIGIT = {
    "M": "(?:[1-9]|1[0-2])",
    "d": "(?:[1-9]|[12][0-9]|3[01])",
    "H": "(?:[0-9]|1[0-9]|2[0-3])",
    "h": "(?:[1-9]|1[0-2])",
    "k": "(?:[1-9]|1[0-9]|2[0-4])",
    "K": "(?:[0-9]|1[01])",
    "m": "(?:[0-9]|[1-5][0-9])",
    "s": "(?:[0-9]|[1-5][0-9])",
}
_OFFSET = r"[+-](?:0[0-9]|1[0-8])"
_CLOCK = rf"{_TWO_DIGITS['H']}:[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = rf"(?:[Zz]|[+-]{_TWO_DIGITS['H']}:[0-5][0-9])"
_WORDS = {
    "yy": "[0-9]{2}",
    "yyyy": "[0-9]{4}",
    "MMM": f"(?:{_MONTHS})",
    "MMMM": f"(?:{_FULL})",
    "DDD": "(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])",
    "a": "(?:AM|PM|am|pm)",
    "X": f"(?:Z|{_OFFSET}(?:[0-5][0-9])?)",
    "XX": f"(?:Z|{_OFFSET}[0-5][0-9])",
    "XXX": f"(?:Z|{_OFFSET}:[0-5][0-9])",
    "x": f"{_OFFSET}(?:[0-5][0-9])?",
    "xx": f"{_OFFSET}[0-5][0-9]",
    "xxx": f"{_OFFSET}:[0-5][0-9]",
    "Z": f"{_OFFSET}[0-5][0-9]",
    "z": "[A-Z]{1,5}",
    "VV": "[A-Za-z]+(?:/[A-Za-z0-9_+-]+)*",
    **dict.fromkeys(("E", "EE", "EEE"), f"(?:{_DAYS})"),
    "EEEE": f"(?:{_FULL_DAYS})",
}
_NO_LEAP = (
    "(?:[0-9]{2}(?:[02468][1235679]|[13579][01345789])|(?:[02468][1235679]|[13579][01345789])00)"
)
"""Years that have no 29 February."""

TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)
"""A part of a pattern: a quoted text, a letter as often as it stands there, anything else."""


class PatternError(ValueError):
    """The text is no pattern of dates that can be checked; says why."""


def moment_format(pattern: str) -> Form:
    """What texts written by a pattern such as `yyyy-MM-dd HH:mm:ss` look like.

    Raises `PatternError`.
    """
    tokens = _tokens(pattern)
    refused = []
    if _has(tokens, "d") and _has(tokens, "M"):
        refused.append(_layout(tokens, {"M": _months(tokens, (4, 6, 9, 11)), "d": "31"}))
        refused.append(_layout(tokens, {"M": _months(tokens, (2,)), "d": "3[01]"}))
        if "yyyy" in tokens:
            february = {"M": _months(tokens, (2,)), "d": "29", "y": _NO_LEAP}
            refused.append(_layout(tokens, february))
    return Form((_layout(tokens, {}),), tuple(refused))


def iso_format(name: str) -> Form:
    """What texts of JSON Schema's `date`, `time` and `date-time` look like: RFC 3339.

    A `time` may be without an offset, which is how ODCS has it.
    """
    if name == "time":
        return Form((rf"\A{_CLOCK}(?:{_ZONE})?\z",))
    day = moment_format("yyyy-MM-dd")
    if name == "date":
        return day
    (written,), end = day.patterns, r"\z"
    refused = tuple(each.removesuffix(end) for each in day.refused)
    return Form((rf"{written.removesuffix(end)}[Tt ]{_CLOCK}{_ZONE}{end}",), refused)


def _tokens(pattern: str) -> list[str]:
    """Letters that stand for numbers as they are, and all else as a regex behind a `=`."""
    tokens = []
    for match in TOKEN.finditer(pattern):
        text, quoted = match.group(), match.group(1)
        if match.group(2):
            tokens.append(text.replace("u", "y"))
        else:
            literal = text if quoted is None else quoted.replace("''", "'") or "'"
            tokens.append("=" + re.escape(literal))
    if all(token[0] == "=" for token in tokens):
        raise PatternError(f"the format {pattern!r} has no letter that stands for a number")
    for token in tokens:
        _regex(token, {}, pattern)
    return tokens


def _layout(tokens: list[str], instead: Mapping[str, str]) -> str:
    return r"\A" + "".join(_regex(token, instead) for token in tokens) + r"\z"


def _regex(token: str, instead: Mapping[str, str], pattern: str = "") -> str:
    letter, length = token[0], len(token)
    if letter == "=":
        return token[1:]
    letter = "M" if letter == "L" else letter
    if letter in instead:
        return instead[letter]
    if letter == "S":
        return f"[0-9]{{{length}}}"
    if letter in _TWO_DIGITS and length <= 2:
        return _TWO_DIGITS[letter] if length == 2 else _ONE_DIGIT[letter]
    if letter == "y" and length == 1:
        return "[0-9]{4}"
    word = _WORDS.get(letter * length)
    if word is None:
        raise PatternError(f"the format {pattern!r} has {token!r}, which cannot be checked")
    return word


def _has(tokens: list[str], letter: str) -> bool:
    return any(token[0] == letter for token in tokens)


def _months(tokens: list[str], numbers: tuple[int, ...]) -> str:
    """Some months as the pattern writes them: `(?:04|06)`, `(?:Apr|Jun)`."""
    token = next(token for token in tokens if token[0] == "M")
    written = {
        1: [str(number) for number in numbers],
        2: [f"{number:02}" for number in numbers],
        3: [_MONTHS.split("|")[number - 1] for number in numbers],
    }.get(len(token), [_FULL.split("|")[number - 1] for number in numbers])
    return "(?:" + "|".join(written) + ")"
