"""A copy of the project of its own, and commands in it as a person would give them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_THE_PROJECT = (
    ".git",
    ".venv",
    ".mesh",
    "*_cache",
    "__pycache__",
    "*.egg-info",
    "target",
    "logs",
)
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a document: its language, what stands after that, and its text."""

    language: str
    info: str
    text: str


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of the project, imported before the installed one."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        sources = sorted(map(str, self.root.glob("domains/*/src")))
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(self.root), *sources]),
            "HOME": str(self.root / ".mesh" / "home"),
        }

    def call(self, script: str, *, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a shell script in the project's folder."""
        (self.root / ".mesh" / "home").mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, f"{script}\n{done.stdout}\n{done.stderr}"
        return done

    def blocks(self, document: str) -> list[Block]:
        """The fenced blocks of a document, in their order."""
        found = FENCE.findall((ROOT / document).read_text(encoding="utf-8"))
        return [Block(language, info.strip(), text) for language, info, text in found]

    def follow(self, block: Block) -> str:
        """Do what a block of a document says; what it printed."""
        match block.language, block.info.split():
            case "sh", []:
                return self.call(block.text).stdout
            case "sh", [code]:
                return self.call(block.text, expect=int(code.removeprefix("exit="))).stdout
            case "python", []:
                return self.call(f"python - <<'END'\n{block.text}END").stdout
            case _, ["of", path]:
                assert block.text in (self.root / path).read_text(encoding="utf-8")
            case _, [path]:
                target = self.root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text, encoding="utf-8")
        return ""

    def processes(self) -> list[str]:
        """The command lines of processes that work in the project's folder."""
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                if (each / "cwd").readlink().is_relative_to(self.root):
                    found.append((each / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("clone") / "mesh"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*NOT_THE_PROJECT))
    return Project(root)
