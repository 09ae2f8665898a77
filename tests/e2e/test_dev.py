"""`mesh dev`: Dagster's UI for the mesh, or for one domain alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

QUERY = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _locations(port: int, within: float = 240) -> dict[str, str]:
    """The code locations and whether they load, once the UI answers."""
    url = f"http://127.0.0.1:{port}/graphql"
    body = json.dumps({"query": QUERY}).encode()
    end = time.monotonic() + within
    while True:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                listed = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
            return {each["name"]: each["loadStatus"] for each in listed}
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > end:
                raise
            time.sleep(1)


@pytest.mark.parametrize(
    ("domain", "locations"),
    [
        ([], {"network", "fleet", "weather", "flights", "punctuality", "journeys"}),
        (["journeys"], {"journeys"}),
    ],
    ids=["mesh", "domain"],
)
def test_the_ui_opens_with_its_locations_and_ends_with_ctrl_c(
    project: Any, domain: list[str], locations: set[str]
) -> None:
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "mesh_dagster.cli", "dev", *domain, "--port", str(port)],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert _locations(port) == dict.fromkeys(locations, "LOADED")
        second = project.call("mesh dev", expect=2)
        assert "MESH-M062" in second.stderr
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
    end = time.monotonic() + 30
    while project.processes() and time.monotonic() < end:
        time.sleep(0.2)
    assert project.processes() == []


def test_a_domain_that_is_not_there_is_refused_with_a_suggestion(project: Any) -> None:
    done = project.call("mesh dev flihgts", expect=2)
    assert "MESH-M061" in done.stderr
    assert "flights" in done.stderr
    assert done.stdout == ""
