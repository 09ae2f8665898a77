"""What is personal is classified, masked, asked for, granted, read, and kept in its region.

`docs/governance.md` is followed word by word.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from e2e.checkout import Checkout
from e2e.documents import blocks, follow

PAGE = "docs/governance.md"
ROSTER, DEPARTURES = "crew/roster", "flights/departures"
DAY = "2013-11-01"
YUKI, ROSA = "yuki.tanaka@nycair.example", "rosa.keller@nycair.example"
NAMES = f'MESH_USER={YUKI} mesh query "select name, email from crew.roster limit 3" --json'


@pytest.fixture(scope="module")
def mesh(checkout) -> Checkout:
    """The roster and the departures of a day are made."""
    found: Checkout = checkout()
    for product in (ROSTER, DEPARTURES):
        found.mesh("run", product, "--partition", DAY).succeeded()
    return found


@pytest.fixture(scope="module")
def told(mesh: Checkout) -> list[str]:
    """What each block of the page prints, in their order."""
    return [follow(mesh, block) for block in blocks(PAGE)]


def test_the_page_is_true(told: list[str]) -> None:
    said = [each for each in told if each]
    masked, asked, granted, read, record, *_ = said
    assert re.search(r"^[0-9a-f]{32}  ", masked, re.MULTILINE), "crew members are hashes"
    assert "SYN-AS…" in masked
    assert "Synthetic" not in masked
    assert "waits" in asked
    assert "asks to read crew/roster/v1" in asked
    assert "grant" in granted
    assert "Synthetic-" in read
    assert "confidential" in record
    assert "granted to domain:journeys" in record
    assert "whole" in record


def test_what_is_refused_from_another_region_is_so_for_its_region(
    told: list[str], mesh: Checkout
) -> None:
    assert "personal data of us" in mesh.call(f"{NAMES} 2>&1 || true")


def test_a_grant_that_is_taken_back_is_none(told: list[str], mesh: Checkout) -> None:
    domain = mesh.root / "domains/journeys/src/journeys/domain.yaml"
    domain.write_text(domain.read_text().replace("region: eu\n", ""))
    assert len(json.loads(mesh.call(NAMES))) == 3
    (grant,) = json.loads(mesh.mesh("access", "grants", ROSTER, "--json").succeeded().out)
    mesh.call(f"MESH_USER={ROSA} mesh access revoke {grant['id']} --why 'the season is over'")
    mesh.call(NAMES, expect=3)
    assert mesh.call(f"MESH_USER={ROSA} mesh query 'select count(*) n from crew.roster' --json")


def test_nobody_but_an_owner_answers_a_request(told: list[str], mesh: Checkout) -> None:
    mesh.call(f"MESH_USER={YUKI} mesh request crew/roster --purpose 'once more' --until 2013-12-01")
    (waiting,) = mesh.mesh("review", "--product", ROSTER, "--ids").succeeded().out.split()
    denied = mesh.call(
        f"MESH_USER={YUKI} mesh review grant {waiting} --why 'I need it' 2>&1 || echo refused"
    )
    assert "MESH-M044" in denied
    assert denied.endswith("refused\n")


def test_a_record_that_was_rewritten_is_found(told: list[str], mesh: Checkout) -> None:
    (journal,) = (mesh.root / ".mesh/journals").glob("journeys.db")
    mesh.call(
        f"python - <<'END'\nimport sqlite3\n"
        f"with sqlite3.connect({str(journal)!r}) as db:\n"
        f"    db.execute('update access_log set allowed = 1 where allowed = 0')\nEND"
    )
    assert mesh.mesh("access", "verify").exited(1)


def test_no_name_and_no_address_is_in_the_files_of_the_masked_port(mesh: Checkout) -> None:
    import polars as pl

    place = mesh.storage / ROSTER / "v1/ports/masked"
    files = sorted(place.rglob("*.parquet"))
    assert files
    shown = "".join(repr(pl.read_parquet(each).to_dicts()) for each in files)
    raw = "".join(each.read_bytes().decode("latin-1") for each in _files(place))
    for text in (shown, raw):
        assert "Synthetic" not in text
        assert "synthetic.example" not in text


def _files(place: Path) -> list[Path]:
    return [each for each in place.rglob("*") if each.is_file()]
