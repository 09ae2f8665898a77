"""The named forms of texts, as patterns that Polars, DuckDB and Spark read alike.

Written in what the Rust regex crate, RE2 and Java have in common: `\\A` and `\\z` (Java's `$`
also stands before a last line break), no look-around, no back-references, ASCII classes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """All of `patterns` match a text of the form, and none of `refused` does."""

    patterns: tuple[str, ...]
    refused: tuple[str, ...] = ()


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_GROUP = r"[0-9A-Fa-f]{1,4}"
_HEX = r"[0-9A-Fa-f]"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"


def _ipv6() -> str:
    """Every place of the `::` spelled out, and the last 32 bits as an IPv4 address too."""
    last = rf"(?:{_GROUP}:{_GROUP}|{_IPV4})"
    forms = [rf"(?:{_GROUP}:){{6}}{last}", rf"::(?:{_GROUP}:){{5}}{last}"]
    for before in range(1, 7):
        start = rf"(?:(?:{_GROUP}:){{0,{before - 1}}}{_GROUP})?"
        middle = 5 - before
        if middle > 0:
            forms.append(rf"{start}::(?:{_GROUP}:){{{middle}}}{last}")
        elif middle == 0:
            forms.append(rf"{start}::{last}")
        else:
            forms.append(rf"{start}::{_GROUP}")
    forms.append(rf"(?:(?:{_GROUP}:){{0,6}}{_GROUP})?::")
    return "(?:" + "|".join(forms) + ")"


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"


_CHARACTER = rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]-]|%{_HEX}{{2}})"
_FORMS = {
    "email": Form(
        (_whole(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+"), _whole(r".{1,254}")),
    ),
    "uuid": Form((_whole(rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"),)),
    "uri": Form((_whole(rf"[A-Za-z][A-Za-z0-9+.-]*:{_CHARACTER}+"),), (r"#.*#",)),
    "hostname": Form((_whole(_HOST), _whole(r".{1,253}"))),
    "ipv4": Form((_whole(_IPV4),)),
    "ipv6": Form((_whole(_ipv6()),)),
    "byte": Form(
        (_whole(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),),
    ),
}
_CARRIED = ("password", "binary")
"""Forms that any text has: how to show it, and that its characters are bytes."""

OF_MOMENTS = ("date", "date-time", "time")
"""Forms of JSON Schema, which `moments.iso_format` knows."""

NAMES = (*_FORMS, *_CARRIED, *OF_MOMENTS)


def text_format(name: str) -> Form | None:
    """The patterns of a form; None for one that every text has. Raises `LookupError`."""
    if name in _CARRIED:
        return None
    if name not in _FORMS:
        known = ", ".join(sorted(NAMES))
        raise LookupError(f"the format {name!r} is not known; there are {known}, or a pattern")
    return _FORMS[name]
