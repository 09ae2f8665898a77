"""The page is one file that shows what the numbers say, whatever names are in it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from unit.slos.histories import DAILY, DAY, HOUR, START, change, history, objective

from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.slo import Answer, Indicator, Objective, Standing
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.evaluate import standing
from mesh_dagster.slos.page import page

_NOW = START + 30 * DAY + 8 * HOUR
_EMPTY = ("meta", "br")


class _Read(HTMLParser):
    """Which elements there are; they have to be closed in the order in which they were opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def classes(self, *kinds: str) -> list[str]:
        return [each for _, said in self.found if (each := said.get("class")) in kinds]


def _page(*objectives: Objective, missing: tuple[int, ...] = (10, 11)) -> str:
    days = [START + n * DAY for n in range(30) if n not in missing]
    told = [change(day + 30 * HOUR, f"{day:%Y-%m-%d}", newest=day + 23 * HOUR) for day in days]
    answers = [
        Answer(each.partition, Outcome.PUBLISHED, each.at, "", "expected_rows", False, 72, 9)
        for each in told[-2:]
    ]
    seen = history(told, _NOW, partitioning=DAILY, answers=answers)
    found: list[Standing] = [standing(each, seen) for each in objectives]
    return page(seen, found, "<b>Owners & Co</b>")


_FRESH = objective(Indicator.FRESHNESS, 32 * HOUR)


def test_every_element_is_closed_and_nothing_is_loaded() -> None:
    limits = {Indicator.FRESHNESS: 32, Indicator.FREQUENCY: 25, Indicator.LATENCY: 8}
    every = [
        objective(each, limits.get(each, 1) * HOUR, target=0.9)
        for each in Indicator
        if each is not Indicator.AVAILABILITY
    ]
    text = _page(*every)
    found = _Read(text).found
    assert not {"script", "link", "img", "iframe"}.intersection(tag for tag, _ in found)
    assert not any({"src", "onload", "onclick"}.intersection(said) for _, said in found)
    assert "url(" not in text
    assert "http" not in text


def test_what_others_named_is_shown_and_not_obeyed() -> None:
    text = _page(_FRESH)
    assert "&lt;b&gt;Owners &amp; Co&lt;/b&gt;" in text


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [((), "Every promise is kept."), ((10, 11), "1 of 1 promises not kept.")],
)
def test_it_begins_with_one_line_for_all(missing: tuple[int, ...], verdict: str) -> None:
    assert verdict in _page(_FRESH, missing=missing)


def test_the_strip_has_a_cell_a_cadence_in_the_colour_of_what_was_kept() -> None:
    # Two days were not made, so data was older than 32 hours from the 12th, 07:00, to the 14th.
    cells = _Read(_page(_FRESH)).classes("good", "fair", "poor", "bad", "none")
    assert len(cells) == 30
    assert cells.count("bad") == 2
    assert cells[10:14] == ["poor", "bad", "bad", "good"]
    # Of the first day there is nothing to tell until it was published.
    assert cells[0] == "good"


def test_a_cell_in_which_as_much_was_bad_as_may_be_is_pale() -> None:
    hourly = Partitioning(Every.HOUR, "hour", START)
    told = [
        change(at + HOUR, hourly.key_of(at), newest=at, failed=int(n % 20 < 2))
        for n, at in ((n, START + n * HOUR) for n in range(240))
    ]
    seen = history(told, START + 240 * HOUR, partitioning=hourly)
    exactly = standing(objective(Indicator.ACCURACY, target=0.9, window=10 * DAY), seen)
    cells = _Read(page(seen, [exactly], "shop")).classes("good", "fair", "poor", "bad", "none")
    assert cells == ["fair"] * 12


def test_parts_that_cost_something_are_columns_and_a_list() -> None:
    text = _page(objective(Indicator.COMPLETENESS, target=0.9), missing=())
    assert _Read(text).classes("column") == ["column", "column"]
    assert text.count("9 of 72 missing") == 2


def test_what_is_not_measured_stands_last_and_says_why() -> None:
    text = _page(objective(Indicator.AVAILABILITY), _FRESH)
    assert text.index("Availability</h2>") > text.index("Freshness</h2>")
    assert "Nothing to measure yet." in text
