"""One run of `mesh demo` for all tests, and copies of the mesh that it made."""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from e2e.checkout import check_out
from e2e.processes import Done, Processes

_LONGEST = 1500


@dataclass(frozen=True)
class Demo:
    """How it ended, which processes were left then, and its mesh, which nobody changes."""

    done: Done
    left: list[str]
    root: Path

    @property
    def out(self) -> str:
        return self.done.out

    def copy(self, to: Path) -> Path:
        """Its mesh at another place, to do things with. Compiled modules name the first one."""
        without = shutil.ignore_patterns("__pycache__")
        return Path(shutil.copytree(self.root, to, ignore=without))


def demo_of(shared: Path) -> Demo:
    """The demo in a folder that several processes may share: who comes first runs it."""
    record = shared / "demo.json"
    with (shared / "demo.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            made = _run(Path(tempfile.mkdtemp(prefix="demo-", dir=shared)))
            record.write_text(json.dumps(asdict(made), default=str))
    told = json.loads(record.read_text())
    found = Demo(Done(**told["done"]), told["left"], Path(told["root"]))
    found.done.succeeded()
    return found


def _run(folder: Path) -> Demo:
    processes, root = Processes(folder), check_out(folder / "mesh")
    try:
        done = processes.run(["mesh", "demo"], root, seconds=_LONGEST)
        return Demo(done, [str(each) for each in processes.living()], root)
    finally:
        processes.end()
