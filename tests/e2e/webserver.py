"""What a browser asks Dagster's webserver, in GraphQL."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

_STATUS = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"
_LOCATIONS = """
{ workspaceOrError { __typename ... on PythonError { message } ... on Workspace {
  locationEntries { name locationOrLoadError { __typename
    ... on PythonError { message causes { message } }
    ... on RepositoryLocation { repositories {
      assetNodes { assetKey { path } isExecutable jobNames dependencyKeys { path } }
      jobs { name solids { definition { ... on SolidDefinition {
        assetNodes { assetKey { path } } } } } }
      schedules { name pipelineName scheduleState { status }
        assetSelection { assetKeys { path } } }
      sensors { name sensorState { status } targets { pipelineName }
        assetSelection { assetKeys { path } } }
    } } } } } } }
"""
_GOING = """
{ runsOrError(filter: {statuses: [QUEUED, NOT_STARTED, STARTING, STARTED, CANCELING]}) {
    ... on Runs { results { status assetSelection { path } } } }
  partitionBackfillsOrError(status: REQUESTED) {
    ... on PartitionBackfills { results { status assetSelection { path } } } } }
"""
_TICKS = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  ... on RepositoryLocation { repositories { sensors {
    name sensorState { ticks(limit: 5, dayRange: 1) { timestamp status } } } } } } } } } }
"""


@dataclass(frozen=True)
class Webserver:
    """One that serves, or will, on a port of this machine."""

    port: int

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer. Raises OSError while nobody answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def locations(self) -> dict[str, dict[str, Any]]:
        """What each code location holds, or why it does not load; by its name."""
        found = self.ask(_LOCATIONS)["workspaceOrError"]
        assert found["__typename"] == "Workspace", found
        return {each["name"]: each["locationOrLoadError"] for each in found["locationEntries"]}

    def not_serving(self) -> str:
        """Why it does not serve yet; empty when it does."""
        try:
            entries = self.ask(_STATUS)["workspaceOrError"]["locationEntries"]
        except OSError as error:
            return f"an answer on port {self.port}: {error}"
        loading = [entry["name"] for entry in entries if entry["loadStatus"] != "LOADED"]
        return f"locations: {loading}" if loading else ""

    def repositories(self) -> dict[str, dict[str, Any]]:
        """What is in each code location that loads, by its name."""
        found = self.locations()
        return {
            name: each["repositories"][0]
            for name, each in found.items()
            if each["__typename"] == "RepositoryLocation"
        }

    def going(self) -> list[str]:
        """The assets that a run or a backfill is making, or is to make."""
        answer = self.ask(_GOING)
        both = answer["runsOrError"], answer["partitionBackfillsOrError"]
        works = [work for each in both for work in each["results"]]
        return ["/".join(key["path"]) for work in works for key in work["assetSelection"] or ()]

    def not_ticked(self, sensor: str, since: float) -> list[str]:
        """The locations in which the sensor of that name works, and has had no whole tick since.

        An automation sensor does not tick in a location without conditions.
        """
        return [
            location
            for (location, name), ticks in self._ticks().items()
            if name == sensor and ticks and not _whole_tick(ticks, since)
        ]

    def _ticks(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        entries = self.ask(_TICKS)["workspaceOrError"]["locationEntries"]
        return {
            (entry["name"], sensor["name"]): sensor["sensorState"]["ticks"]
            for entry in entries
            for repository in entry["locationOrLoadError"]["repositories"]
            for sensor in repository["sensors"]
        }


def _whole_tick(ticks: list[dict[str, Any]], since: float) -> bool:
    ended = [each for each in ticks if each["status"] in ("SUCCESS", "SKIPPED")]
    return any(each["timestamp"] >= since for each in ended)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
