"""A mesh with channels that lead to real servers of the test's own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.products.keeping.alerting import Round, tell
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_mesh, write_product

SERVERS = Path(__file__).with_name("servers.py")
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
QUICK = {
    "group": "0s",
    "coolDown": "0s",
    "timeout": "60s",
    "retry": {"first": "10ms", "longest": "50ms", "giveUp": "1h"},
}


@pytest.fixture(scope="session")
def servers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("alert_servers", SERVERS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["alert_servers"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _alone(alone: None) -> None:
    """Each test of this folder."""


@pytest.fixture
def hook(servers: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    opened = servers.Hook()
    monkeypatch.setenv("HOOK_URL", opened.url)
    yield opened
    opened.close()


class World:
    """A mesh, what its domains say about notifications, and its people being told."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def configure(self, **stated: Any) -> None:
        """Write `notifications` of mesh.yaml."""
        self._amend(self.root / "mesh.yaml", {"notifications": stated})

    def configure_domain(self, name: str, **keys: Any) -> None:
        """Write keys of a domain.yaml."""
        (file,) = self.root.glob(f"domains/{name}/**/domain.yaml")
        self._amend(file, keys)

    def hooked(self, **stated: Any) -> None:
        """Let all owners be told by the webhook, at once."""
        channels = {"hook": {"type": "webhook", "url": "${HOOK_URL}"}}
        self.configure(**{"channels": channels, "owners": ["hook"], **QUICK, **stated})

    @property
    def mesh(self) -> Mesh:
        return Mesh.open(self.root)

    def product(self, address: str, **rest: Any) -> Path:
        return write_product(self.mesh, address, {"n": "BIGINT"}, {"n": [1]}, **rest)

    def put(self, *events: Event, domain: str = "shop") -> None:
        with self.mesh.journal(domain) as journal:
            journal.outbox.put(events)

    def tell(self, domain: str = "shop", **rest: Any) -> Round:
        mesh = self.mesh
        (found,) = [each for each in mesh.domains if each.name == domain]
        return tell(mesh, found, **rest)

    def alerts(self, domain: str = "shop", **rest: Any) -> list[Any]:
        with self.mesh.journal(domain) as journal:
            return journal.outbox.alerts(100_000, **rest)

    @staticmethod
    def _amend(file: Path, keys: dict[str, Any]) -> None:
        stated = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**stated, **keys}, sort_keys=False))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A mesh with the domain `shop` and its product `shop/sales/v1`."""
    write_mesh(tmp_path / "mesh")
    made = World(tmp_path / "mesh")
    made.product("shop/sales/v1")
    made.configure_domain("shop", contact="shop@x.example")
    return made


@pytest.fixture
def event() -> Callable[..., Event]:
    def made(key: str, subject: str = "shop/sales/v1", **rest: Any) -> Event:
        given = {"kind": EventKind.BREACHED, "at": NOON, "summary": f"{subject}: {key}"}
        return Event(subject=subject, key=key, **{**given, **rest})

    return made
