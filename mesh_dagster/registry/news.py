"""A domain's news: what happened to its products, for the domains that read them.

One file of JSON lines at `<domain>/_news.ndjson` below the registry, written by its own domain
alone and read by whoever has a product of it as an input. So each domain tells its own people, by
its own channels and secrets, and needs nobody's permission to learn of it. What it holds is
bounded, and nothing in it is data: names, counts and moments.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from mesh_dagster import clock
from mesh_dagster.errors import AddressError, MissingObject
from mesh_dagster.model.address import Address
from mesh_dagster.model.event import OPENS, Event, EventKind
from mesh_dagster.ports.storage import Storage

SCHEMA_VERSION = 1
LARGEST = 4 * 1024 * 1024
"""Bytes of a file; some thousands of lines."""

MOST = 20_000
"""Lines of a file: more of the shortest do not fit."""

LONGEST = 1000
"""Characters of one text in it; readers show them to people."""

_GREATEST = 2**63
"""Of a number in it; no database keeps NaN or a number without end."""

_DETAILS = ("partitions", "waiting", "outcome", "publication", "changes", "before", "after")


def news_key(domain: str) -> str:
    """Where the news of a domain lie in the registry; not a name that a listing takes for a
    discovery document."""
    return f"{domain}/_news.ndjson"


def write_news(
    storage: Storage, domain: str, events: Sequence[Event], going: Collection[str]
) -> int:
    """Write the news of a domain if they say something else; how many had no room in them.

    The newest stay, and before them what opened the incidents that are `going` on.
    """
    told = [each for each in events if each.concerns_readers and not each.affects]
    lines = [f"{json.dumps(_line(each), ensure_ascii=False)}\n".encode() for each in told]
    stays = [each.incident in going and each.kind in OPENS for each in told]
    kept = _fitting(lines, stays)
    data = b"".join(lines[each] for each in kept)
    try:
        changed = storage.read(news_key(domain)) != data
    except MissingObject:
        changed = bool(data)
    if changed:
        storage.write(news_key(domain), data)
    return len(lines) - len(kept)


def _fitting(lines: Sequence[bytes], stays: Sequence[bool]) -> list[int]:
    """Which lines there is room for, in their order: those that stay, then the newest."""
    left, kept = LARGEST, []
    for each in sorted(range(len(lines)), key=lambda each: (not stays[each], -each))[:MOST]:
        left -= len(lines[each])
        if left < 0:
            break
        kept.append(each)
    return sorted(kept)


def read_news(storage: Storage, domain: str) -> list[Event]:
    """The news of a domain, oldest first; what cannot be understood is left out.

    Raises `StorageError`. There are none where nothing was ever written.
    """
    try:
        data = storage.read(news_key(domain))
    except MissingObject:
        return []
    events = []
    for line in data[-LARGEST:].splitlines()[-MOST:]:
        try:
            event = _event(json.loads(line), domain)
        except (AddressError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        events.append(event)
    return events


def _line(event: Event) -> dict[str, Any]:
    details = {name: event.details[name] for name in _DETAILS if name in event.details}
    rules = event.details.get("rules")
    if isinstance(rules, list | tuple):
        details["rules"] = [each.get("rule") for each in rules if isinstance(each, Mapping)]
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": event.kind.value,
        "product": event.subject,
        "at": event.at.isoformat(),
        "key": event.key,
        "summary": event.summary[:LONGEST],
        "objective": event.objective,
        "incident": event.incident,
        "details": details,
    }


def _event(told: dict[str, Any], domain: str) -> Event:
    if told["schemaVersion"] != SCHEMA_VERSION:
        raise ValueError("another release's")
    subject, key, details = _text(told["product"]), _text(told["key"]), told["details"]
    if Address.parse(subject).domain != domain or not isinstance(details, dict):
        raise ValueError("not this domain's to tell")
    at = datetime.fromisoformat(told["at"])
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone")
    at = clock.in_utc(at)
    return Event(
        kind=EventKind(told["kind"]),
        subject=subject,
        at=at,
        key=key,
        summary=_text(told["summary"]),
        details={
            name: _shortened(details[name]) for name in (*_DETAILS, "rules") if name in details
        },
        objective=_text(told.get("objective") or ""),
        incident=_text(told.get("incident") or "") or None,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError("not a text, or a very long one")
    return "".join(each if each.isprintable() else " " for each in value)


def _shortened(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int() | float() if abs(value) < _GREATEST:
            return value
        case str():
            return _text(value[:LONGEST])
        case list() if all(isinstance(each, str) for each in value):
            return [_text(each[:LONGEST]) for each in value[:100]]
    raise ValueError("neither a value nor a list of texts")
