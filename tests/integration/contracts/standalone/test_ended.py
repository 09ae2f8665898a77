"""A test that is ended from outside: nothing of it goes on, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: endless
version: 1.0.0
status: active
schema:
- name: t
  properties:
  - {name: id, logicalType: integer}
  quality:
  - {type: sql, query: "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f WHERE a.id + f.id = 7",
     mustBe: 0}
"""


@pytest.fixture
def testing(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process, Path]]:
    """A test whose query has no end, the process of the query, and its temporary folder."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "c.odcs.yaml").write_text(CONTRACT)
    (tmp_path / "t.csv").write_text("id\n" + "\n".join(map(str, range(2000))) + "\n")
    mesh = Path(sys.executable).with_name("mesh")
    process = subprocess.Popen(
        [mesh, "contract", "test", "c.odcs.yaml", "--data", "t.csv"],
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, _busy(process), temporary
    finally:
        process.kill()
        process.wait()


def _busy(process: subprocess.Popen[bytes]) -> psutil.Process:
    """The child that has begun to work at the query."""
    end = time.monotonic() + 240
    while time.monotonic() < end and process.poll() is None:
        for child in psutil.Process(process.pid).children():
            if child.cpu_times().user > 3:
                return child
        time.sleep(0.1)
    raise AssertionError("no query was seen to run")


def _gone(process: psutil.Process) -> bool:
    _, alive = psutil.wait_procs([process], timeout=240)
    return not alive


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_who_is_asked_to_end_leaves_no_query_and_no_file(
    testing: tuple[subprocess.Popen[bytes], psutil.Process, Path], number: signal.Signals
) -> None:
    process, query, temporary = testing
    process.send_signal(number)
    assert process.wait(240) == 130
    assert _gone(query)
    assert not list(temporary.iterdir())


def test_the_query_of_a_killed_test_ends_too(
    testing: tuple[subprocess.Popen[bytes], psutil.Process, Path],
) -> None:
    process, query, _ = testing
    process.kill()
    process.wait()
    assert _gone(query)
