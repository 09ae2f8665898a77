"""A query that is ended from outside: nothing of it goes on, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

ENDLESS = "select count(*) from shop.items a, range(10000000000) b, range(10000) c where b + c > 7"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_a_query_gets_the_prompt_back_at_once(
    world: Any, tmp_path: Path, number: signal.Signals
) -> None:
    shop = world.Shop.new(tmp_path / "mesh")
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("mesh"), "query", ENDLESS],
        cwd=shop.root,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        query = _busy(process)
        process.send_signal(number)
        assert process.wait(240) == 130
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        assert not psutil.wait_procs([query], timeout=240)[1]
        assert not list(temporary.iterdir())
    finally:
        process.kill()
        process.communicate()


def _busy(process: subprocess.Popen[bytes]) -> psutil.Process:
    """The child that has begun to work at the query."""
    end = time.monotonic() + 240
    while time.monotonic() < end and process.poll() is None:
        for child in psutil.Process(process.pid).children():
            if child.cpu_times().user > 3:
                return child
        time.sleep(0.1)
    raise AssertionError("no query was seen to run")


def test_what_a_killed_process_left_goes_with_the_next_query(world: Any, tmp_path: Path) -> None:
    shop = world.Shop.new(tmp_path / "mesh")
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    others = [temporary / "mesh-query-theirs", temporary / "mesh-source-x"]
    for each in others:
        each.mkdir()

    def started(sql: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [Path(sys.executable).with_name("mesh"), "query", sql],
            cwd=shop.root,
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def folders() -> set[Path]:
        found = set(temporary.iterdir())
        for each in found:
            os.utime(each, (0, 0))
        return found

    killed, going_on = started(ENDLESS), started(ENDLESS)
    try:
        for process in (killed, going_on):
            _busy(process)
        query = psutil.Process(killed.pid).children()[0]
        killed.kill()
        killed.wait()
        query.kill()
        assert len(folders()) == 4
        assert started("select 1 as one").wait(240) == 0
        left = folders()
        assert len(left) == 3
        assert left > set(others)
        assert going_on.poll() is None
    finally:
        for process in (killed, going_on):
            process.terminate()
            process.wait(240)
    assert set(temporary.iterdir()) == set(others)
