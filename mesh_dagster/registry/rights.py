"""The parts of requests and grants in plain JSON, read from whatever a domain wrote.

Everything is bounded and of an exact type; what is not is a `ValueError`, and never half read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from mesh_dagster import clock
from mesh_dagster.descriptors.source import shown
from mesh_dagster.errors import AddressError, StorageError, UsageError
from mesh_dagster.model.access import LONGEST_PURPOSE
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal

LARGEST = 4 * 1024 * 1024
"""Bytes of a document of requests or grants."""
LONGEST_NAME = 300
UNUSABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    AddressError,
    UsageError,
)
"""What is raised on the way through a text that is none of these documents."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,80}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def checksum(stated: Mapping[str, Any]) -> str:
    """Tells one value of JSON from another, in whatever order its keys stand."""
    text = json.dumps(stated, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def document_in(data: bytes, domain: str, version: int) -> dict[str, Any]:
    """A document of a domain as plain JSON. Raises one of `UNUSABLE`."""
    if len(data) > LARGEST:
        raise ValueError(f"it has {len(data):,} bytes, more than the {LARGEST:,} allowed")
    found = json.loads(data.decode())
    if not isinstance(found, dict):
        raise ValueError(f"it is {shown(found)}, expected a mapping")
    stated = found.get("schemaVersion")
    if type(stated) is not int or stated != version:
        raise ValueError(f"`schemaVersion` is {shown(stated)}, this release reads {version}")
    if found.get("domain") != domain:
        raise ValueError(f"it is of the domain {shown(found.get('domain'))}, and lies at {domain}")
    return found


def fitting(document: Mapping[str, Any], place: str) -> bytes:
    """A document as it is written. Raises `StorageError` for one that would not be read."""
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    data = text.encode("utf-8", "replace") + b"\n"
    if len(data) > LARGEST:
        raise StorageError(
            f"{place} would have {len(data):,} bytes, and {LARGEST:,} are read",
            where=place,
            fix="state purposes and reasons in fewer words",
        )
    return data


def items_of(document: Mapping[str, Any], name: str, most: int) -> list[Any]:
    """A list of a document; one that is not there is empty."""
    found = document.get(name, [])
    if not isinstance(found, list):
        raise ValueError(f"`{name}` is {shown(found)}, expected a list")
    if len(found) > most:
        raise ValueError(f"`{name}` has {len(found):,} items, {most:,} are allowed")
    return found


def text(stated: Mapping[str, Any], name: str, longest: int = LONGEST_PURPOSE) -> str:
    """A text that is there."""
    value = stated[name]
    if type(value) is not str or len(value) > longest:
        raise ValueError(f"`{name}` is {shown(value)}, expected a text of at most {longest:,}")
    if any(0xD800 <= ord(each) <= 0xDFFF for each in value):
        raise ValueError(f"`{name}` holds half a letter")
    return value


def maybe_text(stated: Mapping[str, Any], name: str, longest: int = LONGEST_NAME) -> str | None:
    """A text, or None where there is none."""
    return None if stated.get(name) is None else text(stated, name, longest)


def id_in(stated: Mapping[str, Any], name: str) -> str:
    """An identifier."""
    return _matching(stated, name, _ID)


def digest_in(stated: Mapping[str, Any], name: str) -> str:
    """A checksum."""
    return _matching(stated, name, _DIGEST)


def moment(stated: Mapping[str, Any], name: str) -> datetime:
    """A moment with its time zone, in UTC."""
    found = datetime.fromisoformat(text(stated, name, 40))
    if found.tzinfo is None:
        raise ValueError(f"`{name}` names no time zone")
    return clock.in_utc(found)


def principal(stated: Mapping[str, Any], name: str) -> Principal:
    """Who may read."""
    return Principal.parse(text(stated, name, LONGEST_NAME))


def port(stated: Mapping[str, Any]) -> Address:
    """The output port that it is about, with its major."""
    found = Address.parse(text(stated, "port", LONGEST_NAME))
    if found.major is None:
        raise ValueError(f"{found} names no major")
    return found


def _matching(stated: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = stated[name]
    if type(value) is not str or not pattern.fullmatch(value):
        raise ValueError(f"`{name}` is {shown(value)}")
    return value
