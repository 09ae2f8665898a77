"""A checkout of the reference mesh, or of some of its domains, in a folder of its own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from e2e.processes import Done, Processes, Running

ROOT = Path(__file__).parents[2]
DOMAINS = ("network", "fleet", "weather", "flights", "crew", "punctuality", "journeys")
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", ".pytest_cache", ".hypothesis", "target", "logs", "*.egg-info", ".mesh"
)


@dataclass(frozen=True)
class Checkout:
    """The folder of a mesh.yaml, and the processes that work in it."""

    root: Path
    processes: Processes

    @property
    def storage(self) -> Path:
        stated = yaml.safe_load((self.root / "mesh.yaml").read_text())["storage"]
        return self.root / stated

    def mesh(self, *arguments: str, seconds: float = 600) -> Done:
        """Run the command `mesh`."""
        return self.processes.run(["mesh", *arguments], self.root, seconds=seconds)

    def paste(self, line: str, seconds: float = 600) -> Done:
        """Run a line as it was printed."""
        return self.processes.run(line, self.root, seconds=seconds)

    def call(self, script: str, *, expect: int = 0) -> str:
        """Run a shell script, line by line until one fails; what it printed."""
        command = ["bash", "-euo", "pipefail", "-c", script]
        return self.processes.run(command, self.root).exited(expect).out

    def start(self, line: str, name: str) -> Running:
        return self.processes.start(line, self.root, name)

    def defs(self, product: str) -> Path:
        """The folder of a product's files."""
        domain, name = product.split("/")
        return self.root / "domains" / domain / "src" / domain / "defs" / name

    def correct_the_weather(self) -> None:
        """What the owner of weather/observations does: both files of the correction."""
        corrections = self.root / "domains/weather/corrections"
        observations = self.defs("weather/observations")
        shutil.copy(corrections / "contract-1.0.1.odcs.yaml", observations / "contract.odcs.yaml")
        shutil.copy(corrections / "product-1.0.1.odps.yaml", observations / "product.odps.yaml")

    def publications(self, product: str) -> list[dict[str, Any]]:
        """Every publication that a reader can reach from the pointer, oldest first.

        Read from storage as it is, by nothing of the mesh.
        """
        prefix = self.storage / product / "v1"
        if not (prefix / "pointer.json").exists():
            return []
        current = json.loads((prefix / "pointer.json").read_text())
        found = [current]
        while previous := found[-1]["previous"]:
            (file,) = (prefix / "publications").glob(f"*-{previous}.json")
            found.append(json.loads(file.read_text()))
        return found[::-1]

    def published(self, product: str, after: int = 0) -> list[str]:
        """The partitions of its publications with a greater number, one by one."""
        newer = [each for each in self.publications(product) if each["number"] > after]
        return sorted(key for each in newer for key in each["partitions"] or ())

    def number(self, product: str) -> int:
        return max((each["number"] for each in self.publications(product)), default=0)

    def data_files(self, product: str) -> dict[str, tuple[int, int]]:
        """Every data file below a product's prefix: its size and when it was written."""
        prefix = self.storage / product / "v1" / "ports" / "_" / "data"
        stats = {file: file.stat() for file in prefix.rglob("*.parquet")}
        return {
            file.relative_to(prefix).as_posix(): (stat.st_size, stat.st_mtime_ns)
            for file, stat in stats.items()
        }


def check_out(
    to: Path, domains: Collection[str] = DOMAINS, config: dict[str, str] | None = None
) -> Path:
    """Copy some domains with their dbt projects, mesh.yaml, its waivers, and the workspace."""
    for domain in domains:
        shutil.copytree(ROOT / "domains" / domain, to / "domains" / domain, ignore=_LEFT_OUT)
        project = ROOT / "dbt_projects" / domain
        if project.exists():
            shutil.copytree(project, to / "dbt_projects" / domain, ignore=_LEFT_OUT)
    text = (ROOT / "mesh.yaml").read_text()
    for key, value in (config or {}).items():
        text = re.sub(rf"^{key}: .*\n", "", text, flags=re.MULTILINE) + f"{key}: {value}\n"
    (to / "mesh.yaml").write_text(text)
    shutil.copy(ROOT / "waivers.yaml", to)
    entries = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    chosen = [each for each in entries if each["python_module"]["location_name"] in domains]
    (to / "workspace.yaml").write_text(yaml.safe_dump({"load_from": chosen}))
    return to
