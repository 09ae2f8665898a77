"""What a person reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.journal.letters import Claim
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.message import Message, Recipient

LONGEST_SUBJECT = 200
_MOST = 10


def message_from(claim: Claim) -> Message:
    """The message of a claim: the same claim always gives the same."""
    first = claim.events[0]
    subject = first.summary
    if len(claim.events) > 1:
        subject = f"{len(claim.events)} alerts about {first.root}: {subject}"
    return Message(
        id=claim.id,
        recipient=claim.recipient,
        subject=_short(subject),
        text="\n\n".join("\n".join(_lines(each)) for each in claim.events),
        events=claim.events,
        keys=tuple(key_of(each, claim.recipient) for each in claim.events),
    )


def key_of(event: Event, recipient: Recipient) -> str:
    """The idempotency key of one event for one recipient, whoever sends it."""
    text = "\0".join((event.key, recipient.channel, recipient.to))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def _lines(event: Event) -> Iterator[str]:
    yield event.summary
    yield f"  {event.kind}, {event.at:%Y-%m-%d %H:%M} UTC"
    if event.affects:
        yield f"  yours that read it: {', '.join(event.affects[:_MOST])}" + _more(event.affects)
    yield from _details(event.details)
    yield from (f"  look: {each}" for each in _commands(event))


def _details(details: Mapping[str, Any]) -> Iterator[str]:
    for each in _listed(details, "rules"):
        if isinstance(each, Mapping):
            told = each.get("message") or each.get("rule")
            place = f" ({each['where']})" if each.get("where") else ""
            yield f"  - {told}{place}"
        else:
            yield f"  - {each}"
    for each in _listed(details, "changes"):
        yield f"  - {each}"
    if details.get("why"):
        yield f"  why: {details['why']}"


def _listed(details: Mapping[str, Any], name: str) -> list[Any]:
    found = details.get(name)
    return list(found)[:_MOST] if isinstance(found, list | tuple) else []


def _commands(event: Event) -> Iterator[str]:
    mine = not event.affects
    match event.kind:
        case EventKind.QUARANTINED if mine:
            yield f"mesh quarantine {event.subject}"
        case EventKind.REVIEW_OVERDUE if mine and event.details.get("review"):
            yield f"mesh review show {event.details['review']}"
        case EventKind.SCORE_FELL if mine:
            yield f"mesh score {event.subject}"
        case EventKind.SUNSET if mine:
            yield f"mesh retire {event.subject}"
        case (
            EventKind.CONTRACT_CHANGED | EventKind.DEPRECATED | EventKind.SUNSET | EventKind.RETIRED
        ):
            yield f"mesh show {event.subject}"
    if event.incident and mine:
        yield f"mesh incidents {event.subject}"


def _more(names: tuple[str, ...]) -> str:
    return f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
