"""The patterns in which contracts write dates and times: Java's, as ODCS has them."""

from __future__ import annotations

import re

_LETTERS = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "uu": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "DDD": "%j",
    "EEEE": "%A",
    "EEE": "%a",
    "HH": "%H",
    "H": "%H",
    "hh": "%I",
    "h": "%I",
    "mm": "%M",
    "m": "%M",
    "ss": "%S",
    "s": "%S",
    "SSS": "%3f",
    "SSSSSS": "%6f",
    "SSSSSSSSS": "%9f",
    "a": "%p",
    "XXX": "%:z",
    "XX": "%z",
    "X": "%#z",
    "xxx": "%:z",
    "xx": "%z",
    "Z": "%z",
}
_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)
_ISO = re.compile(r"iso[-_ ]?8601|iso[-_](local[-_])?(date|time|date[-_]time|instant)", re.I)


class PatternError(ValueError):
    """The pattern asks for what is not read; the text says which part."""


def strptime_format(pattern: str) -> str | None:
    """The format that reads what a Java pattern writes; None for ISO 8601, the default.

    A pattern with a percent sign is taken for one already. Raises `PatternError`.
    """
    if _ISO.fullmatch(pattern.strip()):
        return None
    if "%" in pattern:
        return pattern
    parts = []
    for found in _PART.finditer(pattern):
        quoted, letter, other = found.groups()
        if quoted is not None:
            parts.append(quoted.replace("''", "'") or "'")
        elif letter is not None:
            if found[0] not in _LETTERS:
                raise PatternError(f"{found[0]!r} of the format {pattern!r} cannot be read")
            parts.append(_LETTERS[found[0]])
        else:
            parts.append(other)
    return "".join(parts)
