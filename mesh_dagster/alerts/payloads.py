"""A message as webhooks take it: as it is, for Slack, and for Teams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mesh_dagster.model.event import Event
from mesh_dagster.model.message import Message

LONGEST_TEXT = 2900
"""Slack takes 3,000 characters in a block."""


def plain(message: Message) -> dict[str, Any]:
    """Everything, for a program: the message and each alert in it have an id of their own."""
    return {
        "id": message.id,
        "to": message.recipient.to,
        "subject": message.subject,
        "text": message.text,
        "alerts": [
            {"id": key, **_alert(event)}
            for key, event in zip(message.keys, message.events, strict=True)
        ],
    }


def slack(message: Message) -> dict[str, Any]:
    """An incoming webhook of Slack; what is not ours to say cannot mention or link anybody."""
    body = _escaped(message.text)[:LONGEST_TEXT]
    return {
        "text": _escaped(message.subject)[:LONGEST_TEXT],
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"```{body}```"}},
            {
                "type": "context",
                "elements": [{"type": "plain_text", "text": message.id, "emoji": False}],
            },
        ],
    }


def teams(message: Message) -> dict[str, Any]:
    """A workflow of Microsoft Teams that posts an adaptive card."""
    lines = message.text.splitlines()
    blocks = [_block(message.subject, weight="Bolder", size="Medium")]
    blocks += [_block(line, fontType="Monospace", spacing="None") for line in lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks[:100],
        "msteams": {"width": "Full"},
    }
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        ],
    }


PAYLOADS: Mapping[str, Callable[[Message], dict[str, Any]]] = {
    "json": plain,
    "slack": slack,
    "teams": teams,
}


def _alert(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "product": event.subject,
        "at": event.at.isoformat(),
        "summary": event.summary,
        "objective": event.objective or None,
        "cause": event.root,
        "incident": event.incident,
        "affects": list(event.affects),
        "details": dict(event.details),
    }


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("```", "'''")


def _block(text: str, **rest: str) -> dict[str, Any]:
    # Teams reads Markdown in it: brackets would make links of what others wrote.
    harmless = text.replace("[", "(").replace("]", ")") or " "
    return {"type": "TextBlock", "text": harmless, "wrap": True, **rest}
