"""From a word to rows on the screen, by what the screen says; and what docs/query.md shows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from e2e.checkout import Checkout
from e2e.documents import blocks, follow


@pytest.fixture(scope="module")
def mesh(after_demo: Callable[[], Checkout]) -> Checkout:
    """What the demo has published, with no Dagster at work."""
    return after_demo()


def test_three_commands_lead_from_a_word_to_rows(
    mesh: Checkout, record_property: Callable[[str, object], None]
) -> None:
    found = mesh.mesh("search", "delays", "of", "carriers").succeeded()
    address = re.search(r"^\S+/\S+", found.out, re.MULTILINE)
    assert address is not None
    page = mesh.paste(f"mesh show {address[0]}").succeeded()
    line = re.search(r"mesh query \S+ \S+$", page.out, re.MULTILINE)
    assert line is not None
    rows = mesh.paste(line[0]).succeeded()
    assert len(rows.out.splitlines()) > 10
    assert "carrier" in rows.out.splitlines()[0]
    steps = [found, page, rows]
    seconds = sum(each.seconds for each in steps)
    record_property("commands", len(steps))
    record_property("seconds", round(seconds, 2))
    told = ", ".join(f"{each.command}: {each.seconds:.2f} s" for each in steps)
    print(f"\n{len(steps)} commands, {seconds:.2f} s ({told})")
    assert len(steps) == 3
    assert seconds < 5 * 60


def test_what_the_document_shows_can_be_done(mesh: Checkout) -> None:
    done = [
        (each, follow(mesh, each))
        for each in blocks("docs/query.md")
        if each.language in ("sh", "python")
    ]
    said = [text for _, text in done]
    assert "mesh query flights/departures delay_by_carrier" in said[0]
    assert '{"carrier": "9E"' in said[2]
    assert (mesh.root / "carriers.parquet").exists()
    assert "one" in said[3]
    assert "departures.dest = airports.faa" in (mesh.root / "join.sql").read_text()
    assert "mesh://flights/departures/v1" in said[-1]
