"""One domain whose YAML is broken, in a mesh of seven."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from e2e.checkout import DOMAINS, Checkout
from e2e.webserver import Webserver, free_port

GOOD, BAD = "logicalType: timestamp", "logicalType: timestmp"
CONTRACT = "domains/weather/src/weather/defs/observations/contract.odcs.yaml"


@pytest.fixture(scope="module")
def mesh(checkout) -> Checkout:
    found: Checkout = checkout()
    contract = found.root / CONTRACT
    contract.write_text(contract.read_text().replace(GOOD, BAD))
    return found


@pytest.fixture(scope="module")
def place(mesh: Checkout) -> str:
    """Where the error is, as messages say it."""
    lines = (mesh.root / CONTRACT).read_text().splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if BAD in text]
    return f"{CONTRACT}:{line}"


@pytest.fixture(scope="module")
def server(mesh: Checkout) -> Iterator[Webserver]:
    found = Webserver(free_port())
    home = mesh.root / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = ["dagster-webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p"]
    running = mesh.processes.start(
        [*command, str(found.port)], mesh.root, "webserver", {"DAGSTER_HOME": str(home)}
    )
    mesh.processes.wait_for(found.not_serving, running)
    yield found
    mesh.processes.interrupt(running)


def test_the_other_locations_load_and_the_broken_one_names_file_and_line(
    server: Webserver, place: str
) -> None:
    found = server.locations()
    kinds = {name: each["__typename"] for name, each in found.items()}
    assert kinds == {
        **dict.fromkeys(DOMAINS, "RepositoryLocation"),
        "weather": "PythonError",
    }
    why = found["weather"]
    said = [why["message"], *(each["message"] for each in why["causes"])]
    assert place in "\n".join(said)
    assert "timestmp" in "\n".join(said)


def test_its_consumer_still_shows_what_it_reads_of_it(server: Webserver) -> None:
    nodes = server.repositories()["journeys"]["assetNodes"]
    assert ["weather", "observations", "v1"] in [node["assetKey"]["path"] for node in nodes]


def test_mesh_check_names_file_and_line(mesh: Checkout, place: str) -> None:
    done = mesh.mesh("check").exited(1)
    assert place in done.out
    assert "1 error, " in done.err


def test_the_demo_refuses_and_names_file_and_line(mesh: Checkout, place: str) -> None:
    done = mesh.mesh("demo").exited(3)
    assert "weather does not load" in done.err
    assert place in done.err
    assert done.out == ""


def test_the_demo_says_soon_that_a_product_it_waits_for_is_in_quarantine(after_demo) -> None:
    """All is in place but that product, which has never been made."""
    found: Checkout = after_demo()
    shutil.rmtree(found.storage / "network")
    (found.root / ".mesh/journals/network.db").unlink()
    contract = found.root / "domains/network/src/network/defs/airports/contract.odcs.yaml"
    text = contract.read_text()
    assert "maximum: " in text
    contract.write_text(re.sub(r"maximum: \d+", "maximum: -1", text))
    done = found.mesh("demo", seconds=1500).exited(1)
    assert "network/airports/v1 is in quarantine: mesh quarantine network/airports/v1" in done.err
    assert "what depends on it cannot be made" in done.err
    assert "it takes too long" not in done.err
