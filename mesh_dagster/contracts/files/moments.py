"""How dates and times are written: in ISO 8601 as RFC 3339 narrows it, or as a contract says.

Contracts say it in Java's patterns, as ODCS has them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesh_dagster.contracts.rules.formats import Form
from mesh_dagster.contracts.rules.moments import TOKEN, PatternError, moment_format

_DAY = r"(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-[0-9]{2}-[0-9]{2}"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_ZONE = r"[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
DATE = f"^{_DAY}$"
"""Texts that no date can be made of, such as the 30th of February, are left to who makes it."""

TIME = f"^{_CLOCK}$"
MOMENT = rf"^(?P<day>{_DAY})(?:[Tt ](?P<clock>{_CLOCK})(?P<zone>{_ZONE})?)?$"
USUAL = rf"^{_DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-5][0-9](?:\.[0-9]{{1,9}})?Z?$"
"""Of the moments those that are read fast."""

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
_ISO = re.compile(r"iso[-_ ]?8601|iso[-_](local[-_])?(date|time|date[-_]time|instant)", re.I)


@dataclass(frozen=True, slots=True)
class Written:
    """How a contract writes moments: `strptime` reads them, and would read more than `form`."""

    strptime: str
    form: Form

    @property
    def is_zoned(self) -> bool:
        return any(mark in self.strptime for mark in ("%z", "%:z", "%#z", "%+"))


def written(pattern: str) -> Written | None:
    """What reads the texts that a Java pattern writes; None for ISO 8601, the default.

    A pattern with a percent sign is strptime's already. Raises `PatternError`.
    """
    if _ISO.fullmatch(pattern.strip()):
        return None
    if "%" in pattern:
        return Written(pattern, Form(()))
    parts = []
    for found in TOKEN.finditer(pattern):
        quoted, letter, other = found.groups()
        if quoted is not None:
            parts.append(quoted.replace("''", "'") or "'")
        elif letter is not None:
            if found[0] not in _LETTERS:
                raise PatternError(f"{found[0]!r} of the format {pattern!r} cannot be read")
            parts.append(_LETTERS[found[0]])
        else:
            parts.append(other)
    return Written("".join(parts), moment_format(pattern))
