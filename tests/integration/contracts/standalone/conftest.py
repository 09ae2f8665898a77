"""A contract in a folder of its own, and the command in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_dagster.cli import root

ORDERS: list[dict[str, Any]] = [
    {"name": "id", "logicalType": "integer", "required": True, "unique": True},
    {"name": "email", "logicalType": "string", "logicalTypeOptions": {"pattern": "@"}},
    {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}},
]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def rule(self, id_: str) -> dict[str, Any]:
        """The entry of a rule."""
        found: dict[str, Any] = next(each for each in self.json["rules"] if each["id"] == id_)
        return found

    @property
    def broken(self) -> dict[str, int | None]:
        """The rules that do not hold, and how many rows break each."""
        return {
            each["id"]: each["failed"] for each in self.json["rules"] if each["verdict"] != "passed"
        }


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder with a contract in it."""

    folder: Path

    def contract(
        self,
        properties: Sequence[dict[str, Any]] | None = None,
        *,
        tables: Sequence[dict[str, Any]] | None = None,
        **more: Any,
    ) -> Path:
        """Write `contract.yaml`: a table of orders, or the tables that are given."""
        document = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "orders",
            "version": "1.0.0",
            "status": "active",
            "schema": list(
                tables or [{"name": "orders", "properties": list(properties or ORDERS)}]
            ),
            **more,
        }
        return self.write("contract.yaml", yaml.safe_dump(document, sort_keys=False))

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty folder, outside of any mesh, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MESH_CONFIG", raising=False)
    return Bench(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`mesh contract test` with these arguments; 80 columns wide, as there is no terminal."""

    def call(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = root.run(["contract", "test", *map(str, arguments)])
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return call
