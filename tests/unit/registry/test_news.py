"""The news of another domain are as hostile as anything that somebody else wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesh_dagster.registry.news import read_news

GOOD = {
    "schemaVersion": 1,
    "kind": "quarantined",
    "product": "shop/sales/v1",
    "at": "2013-11-08T12:00:00+00:00",
    "key": "k",
    "summary": "s",
    "details": {"waiting": 1},
}


class Registry:
    """Holds one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, key: str) -> bytes:
        return self.text.encode(errors="surrogatepass")


def _read(**changed: Any) -> list[Any]:
    text = json.dumps({**GOOD, **changed}) + "\n"
    return read_news(Registry(text), "shop")  # type: ignore[arg-type]


def test_what_is_well_said_is_heard() -> None:
    assert [each.key for each in _read()] == ["k"]


@pytest.mark.parametrize(
    "changed",
    [
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"details": {"waiting": float("nan")}},
        {"details": {"waiting": float("inf")}},
        {"details": {"waiting": 10**400}},
        {"details": {"waiting": {"a": 1}}},
        {"product": "other/sales/v1"},
        {"product": "shop/Sales v1"},
        {"product": "shop/sales/v1/late/later"},
        {"details": {"changes": ["a", 1]}},
        {"summary": "s" * 1001},
    ],
)
def test_what_no_journal_could_keep_is_left_out(changed: dict[str, Any]) -> None:
    assert _read(**changed) == []


def test_of_a_file_that_is_too_long_the_newest_lines_are_read(monkeypatch) -> None:
    lines = [json.dumps({**GOOD, "key": f"k{n}"}) + "\n" for n in range(9)]
    monkeypatch.setattr("mesh_dagster.registry.news.LARGEST", sum(map(len, lines[4:])) + 7)
    registry = Registry("".join(lines))
    found = read_news(registry, "shop")  # type: ignore[arg-type]
    assert [each.key for each in found] == ["k4", "k5", "k6", "k7", "k8"]


def test_what_is_told_at_length_is_cut_and_heard() -> None:
    (event,) = _read(details={"outcome": "o" * 1100, "changes": ["it ends", "w" * 1100]})
    assert event.details == {"outcome": "o" * 1000, "changes": ["it ends", "w" * 1000]}


@pytest.mark.parametrize("text", ["\ud800", "\0", "\u202e", "a\nBcc: b"])
def test_characters_that_do_harm_are_blank(text: str) -> None:
    (event,) = _read(summary=text, key=text)
    assert event.summary.isprintable()
    assert event.key.isprintable()
