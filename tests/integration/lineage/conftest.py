"""A mesh whose lineage goes to a real server of the test's own."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from mesh_dagster import clock
from mesh_dagster.model.address import Address
from mesh_dagster.model.run_event import RunEvent, RunState
from mesh_dagster.model.snapshot import Attempt
from mesh_dagster.products.keeping.lineage_delivery import Delivered, deliver
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_mesh, write_product

BACKEND = Path(__file__).with_name("backend.py")
QUICK = {"retry": {"first": "10ms", "longest": "50ms"}}


@pytest.fixture(scope="session")
def backends() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lineage_backend", BACKEND)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["lineage_backend"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _alone(alone: None) -> None:
    """Each test of this folder."""


@pytest.fixture
def backend(backends: ModuleType) -> Iterator[Any]:
    opened = backends.Backend()
    yield opened
    opened.close()


class World:
    """A mesh, what it says of lineage, and its lineage being delivered."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def configure(self, **stated: Any) -> None:
        """Write `lineage` of mesh.yaml."""
        self._amend(self.root / "mesh.yaml", {"lineage": stated})

    def configure_domain(self, name: str, **keys: Any) -> None:
        """Write keys of a domain.yaml."""
        (file,) = self.root.glob(f"domains/{name}/**/domain.yaml")
        self._amend(file, keys)

    def posts_to(self, backend: Any, **settings: Any) -> None:
        """Let lineage go to the server, and be tried again soon."""
        sink = {"type": "http", "url": backend.url, **settings}
        self.configure(sinks={"backend": sink}, **QUICK)

    @property
    def mesh(self) -> Mesh:
        return Mesh.open(self.root)

    def product(self, address: str, columns: Any = None, rows: Any = None, **rest: Any) -> Path:
        if rows is None and "inputs" not in rest:
            rows = {"n": [1, 2]}
        return write_product(self.mesh, address, columns or {"n": "BIGINT"}, rows, **rest)

    def make(self, address: str, **rest: Any) -> Attempt:
        mesh = self.mesh
        return materialize(mesh, mesh.load(Address.parse(address)), **rest)

    def put(
        self, runs: int, domain: str = "shop", sinks: Sequence[str] = ("backend",)
    ) -> list[str]:
        """Record that many runs of two events each; their ids."""
        ids = [clock.new_id() for _ in range(runs)]
        with self.mesh.journal(domain) as journal:
            journal.deliveries.put(
                RunEvent(run, state, "shop/sales/v1", clock.wall(), _body(run, state), tuple(sinks))
                for run in ids
                for state in (RunState.START, RunState.COMPLETE)
            )
        return ids

    def deliver(self, domain: str = "shop", **rest: Any) -> Delivered:
        mesh = self.mesh
        (found,) = [each for each in mesh.domains if each.name == domain]
        return deliver(mesh, found, **rest)

    def recorded(self, run: str, state: str = "COMPLETE", domain: str = "shop") -> dict[str, Any]:
        """An event as the journal has it."""
        with self.mesh.journal(domain) as journal:
            body = journal.deliveries.body(f"{run}:{state}")
        assert body is not None, f"nothing tells that {run} is {state}"
        found: dict[str, Any] = json.loads(body)
        return found

    def health(self, domain: str = "shop") -> Any:
        """How the sink `backend` is."""
        with self.mesh.journal(domain) as journal:
            (found,) = journal.deliveries.health(["backend"])
        return found

    @staticmethod
    def _amend(file: Path, keys: dict[str, Any]) -> None:
        stated = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**stated, **keys}, sort_keys=False))


def _body(run: str, state: RunState) -> bytes:
    return json.dumps({"eventType": state.value, "run": {"runId": run}}).encode()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A mesh with the domain `shop` and its product `shop/sales/v1`."""
    write_mesh(tmp_path / "mesh")
    made = World(tmp_path / "mesh")
    made.product("shop/sales/v1")
    return made
