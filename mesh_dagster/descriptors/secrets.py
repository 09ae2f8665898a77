"""Keeping what the environment holds out of what is printed, logged and kept.

A server that is asked at a secret place likes to repeat it: `Cannot POST /services/T0/B0/x`. So
not the whole secret alone is hidden, but whatever of it tells something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

SHORTEST = 6
"""Characters of a part of a secret that is hidden by itself; shorter ones are in any text."""

HIDDEN = "***"

_BETWEEN = re.compile(r"[^\w.~+%-]+")
_HOST = re.compile(r"(https?)://(?:[^/?#]*@)?([^/?#@:]*)", re.IGNORECASE)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets, in whichever spelling, and without any longer part of one.

    The host of a URL may be told: without it nobody finds what to mend.
    """
    found = {shape for each in secrets for shape in _shapes(each) if shape}
    for shape in sorted(found, key=len, reverse=True):
        text = text.replace(shape, HIDDEN)
    return text


def _shapes(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield repr(secret.encode())[2:-1]
    yield secret.strip()
    host = _HOST.match(secret)
    told = {each.lower() for each in host.groups()} if host else set()
    for part in _BETWEEN.split(secret):
        if len(part) >= SHORTEST and part.lower() not in told:
            yield from (part, unquote(part), quote(part, safe=""))
