"""A small mesh of real files, and the command in this process."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.cli import root
from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_mesh, write_product

DAYS = {"every": "day", "column": "day", "start": "2013-11-01"}
KEY = {"id": "BIGINT", "day": "DATE", "delay": "INTEGER"}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mesher = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command sets in the environment, for its replay, ends with the test."""
    for name in (clock.NOW, clock.SINCE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """`air/flights`, by day, whose second day breaks its key, and `air/carriers`, whole."""
    made = write_mesh(tmp_path, replay={"now": "2013-11-04T12:00:00Z", "since": "2013-11-01"})
    days = [date(2013, 11, day) for day in (1, 1, 2, 2, 3)]
    flights = pl.DataFrame(
        {"id": [1, 2, 3, 3, 4], "day": days, "delay": [5, None, 7, 8, 9]},
        schema_overrides={"delay": pl.Int32},
    )
    write_product(made, "air/flights/v1", KEY, flights, key=["id", "day"], partitions=DAYS)
    write_product(
        made, "air/carriers/v1", {"code": "VARCHAR"}, {"code": ["AA", "UA"]}, key=["code"]
    )
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def published(mesh: Mesh) -> Mesh:
    """The same, materialized: 2013-11-02 waits in quarantine."""
    for path, partitions in (
        ("air/flights", ["2013-11-01", "2013-11-02", "2013-11-03"]),
        ("air/carriers", None),
    ):
        materialize(mesh, mesh.load(Address.parse(path)), partitions=partitions)
    return mesh


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Mesher:
    """Run a command line; 80 columns wide, as there is no terminal."""

    def call(*arguments: str) -> Ended:
        capsys.readouterr()
        code = root.run(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return call


class Terminal:
    """A command at a real terminal, in a process of its own."""

    _TAKES_IT = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"

    def __init__(self, folder: Path, *line: str, term: str = "xterm") -> None:
        self._ours, theirs = pty.openpty()
        code = f"{self._TAKES_IT}; from mesh_dagster.cli import main; main()"
        quiet = {"PROMPT_TOOLKIT_NO_CPR": "1", "TERM": term, "COLUMNS": "80"}
        places = {"MESH_STATE": str(folder / "state"), "IPYTHONDIR": str(folder / "ipython")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *line],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True,
            env=os.environ | quiet | places,
        )  # fmt: skip
        os.close(theirs)

    def sees(self, wanted: str, seconds: float = 240) -> str:
        """What it shows until that is there."""
        said, deadline = "", time.monotonic() + seconds
        while wanted not in said:
            ready, _, _ = select.select([self._ours], [], [], 1)
            assert time.monotonic() < deadline, f"{wanted!r} is not in {said!r}"
            if ready:
                said += os.read(self._ours, 65536).decode(errors="replace")
        return said

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def ends(self) -> int:
        """How it ended, of itself."""
        return self.process.wait(240)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def at_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start a command line at a terminal, in the folder of the mesh."""
    opened: list[Terminal] = []

    def call(*line: str, **rest: str) -> Terminal:
        opened.append(Terminal(tmp_path, *line, **rest))
        return opened[-1]

    yield call
    for each in opened:
        each.close()
