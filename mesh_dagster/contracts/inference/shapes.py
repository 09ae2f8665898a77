"""What texts look like: a known format, or letters and digits in fixed places."""

from __future__ import annotations

import re
import string

import polars as pl

FORMATS = {
    "uuid": r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "email": r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}$",
    "ipv4": r"^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])$",
    "uri": r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[^\s]*)?$",
}
"""ODCS's own names, each no wider than what the audit takes for one."""

MANY = 100
"""Distinct texts of which all are alike before the next is promised to be."""

_LONGEST = 64
_CLASSES = {
    string.digits: "0-9",
    string.ascii_uppercase: "A-Z",
    string.ascii_lowercase: "a-z",
}


def shape_of(sample: pl.Series) -> str | None:
    """The name of a format, or a regular expression, that fits all of a sample; None if none does.

    A letter stands for any letter of its case and a digit for any digit: what is constant so
    far may be so by chance.
    """
    texts = sample.drop_nulls().unique()
    if len(texts) < MANY:
        return None
    for name, pattern in FORMATS.items():
        if texts.str.contains(pattern).all():
            return name
    lengths = texts.str.len_chars()
    if lengths.min() != lengths.max() or not 1 <= int(lengths[0]) <= _LONGEST:
        return None
    places = [_place(set(each)) for each in zip(*texts.to_list(), strict=True)]
    if None in places or all(place == places[0] == r"[^\s]" for place in places):
        return None
    return f"^{_folded([place for place in places if place is not None])}$"


def _place(found: set[str]) -> str | None:
    """What one place of a text holds."""
    classes = [name for letters, name in _CLASSES.items() if found & set(letters)]
    others = found - set(string.ascii_letters + string.digits)
    if others and (classes or len(others) > 1):
        return None
    if others:
        mark = others.pop()
        return re.escape(mark) if mark.isascii() and mark.isprintable() else None
    return f"[{''.join(classes)}]"


def _folded(places: list[str]) -> str:
    """`[A-Z][A-Z][A-Z]` as `[A-Z]{3}`."""
    folded = []
    at = 0
    while at < len(places):
        end = at
        while end < len(places) and places[end] == places[at]:
            end += 1
        times = end - at
        folded.append(places[at] + (f"{{{times}}}" if times > 1 else ""))
        at = end
    return "".join(folded)
