"""A domain with one product whose files are right, for tests that break one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "departures"
FILES = {path.name: path.read_text(encoding="utf-8") for path in SAMPLE.iterdir() if path.is_file()}


class Workplace:
    """A mesh with the domain `flights`; `edit` breaks one file of its product."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mesh = root / "mesh.yaml"
        self.domain = root / "domains" / "flights" / "src" / "flights"
        self.folder = self.domain / "defs" / "departures"
        self.folder.mkdir(parents=True)
        self.mesh.write_text("name: nycair\nstorage: .mesh/storage\n")
        (self.domain / "domain.yaml").write_text("name: flights\nteam: Flight Operations\n")
        for name, text in FILES.items():
            (self.folder / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    def add(self, name: str) -> Path:
        """Another product of the domain, with one port."""
        folder = self.domain / "defs" / name
        folder.mkdir(parents=True)
        for file in ("product.odps.yaml", "contract.odcs.yaml", "defs.yaml", "transform.py"):
            text = FILES[file].replace("departures", name)
            lines = [line for line in text.splitlines(True) if "late" not in line]
            (folder / file).write_text("".join(lines))
        return folder


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.chdir(tmp_path)
    return Workplace(tmp_path)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("MESH_CONFIG", raising=False)
