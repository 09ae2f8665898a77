"""What others wrote cannot mention, link or format anything in a chat."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesh_dagster import plugins
from mesh_dagster.alerts.payloads import PAYLOADS
from mesh_dagster.alerts.text import LONGEST_SUBJECT, key_of, message_from
from mesh_dagster.journal.letters import Claim
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.message import Recipient

NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
TEAM = Recipient("hook", "shop")


def event(summary="late", **rest):
    return Event(EventKind.BREACHED, "shop/sales/v1", NOON, "key", summary, **rest)


def message(*events):
    return message_from(Claim("id", TEAM, 1, NOON, events or (event(),)))


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_is_json_and_says_what_happened(name):
    assert "shop/sales/v1 is late" in json.dumps(
        PAYLOADS[name](message(event("shop/sales/v1 is late")))
    )


def test_slack_gets_no_mention_and_no_link():
    body = json.dumps(PAYLOADS["slack"](message(event("<!channel> <https://evil|ok> ```x"))))
    assert "<!channel>" not in body
    assert "<https" not in body
    assert "```x" not in body


def test_teams_gets_no_link():
    body = json.dumps(PAYLOADS["teams"](message(event("[ok](https://evil)"))))
    assert "](" not in body


def test_a_long_story_keeps_within_what_slack_takes():
    rules = [{"rule": "r", "message": "x" * 900}] * 10
    payload = PAYLOADS["slack"](message(event("y" * 9000, details={"rules": rules})))
    assert all(len(each["text"]["text"]) <= 3000 for each in payload["blocks"] if "text" in each)


def test_the_subject_is_one_short_line():
    subject = message(event("a\r\nBcc: b " + "x" * 999)).subject
    assert len(subject) <= LONGEST_SUBJECT
    assert "\n" not in subject
    assert message(event("a"), event("b")).subject == "2 alerts about shop/sales/v1: a"


def test_an_event_has_another_key_for_another_recipient_and_the_same_for_the_same():
    assert key_of(event(), TEAM) == key_of(event("said otherwise"), TEAM)
    assert key_of(event(), TEAM) != key_of(event(), Recipient("hook", "report"))


@pytest.mark.parametrize("name", plugins.BUILT_IN["notifiers"])
def test_every_setting_of_every_channel_is_documented(name):
    text = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    table = text[text.index("| type | setting") : text.index("`sns` needs the extra")]
    section = re.search(rf"^\| `{name}` .*?(?=^\| `(?!{name}))", f"{table}| `", re.M | re.S)
    assert section is not None
    settings = plugins.load("notifiers", name).SETTINGS
    assert [each for each in settings if f"`{each}`" not in section[0]] == []
