"""Whether the process that began an attempt is still there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh_dagster.journal import owner
from mesh_dagster.journal.owner import Owner

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["proc", "ps"])
def system(request, monkeypatch):
    """How the system is asked; `ps` where there is no /proc, as on macOS."""
    if request.param == "ps":
        if not Path("/bin/ps").exists():
            pytest.skip("needs ps")
        monkeypatch.setattr(owner, "_PROC", Path("/nowhere"))
    elif not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    return request.param


def gone(of: Owner, after: timedelta = timedelta(0)) -> bool:
    return of.is_gone(begun=NOW, now=NOW + after)


def test_the_process_that_asks_is_there(system):
    this = Owner.this()
    assert this.pid == os.getpid()
    assert this.process
    assert this == Owner.this()
    assert not gone(this, timedelta(days=30))


def test_a_process_that_ended_is_gone(system):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert gone(replace(Owner.this(), pid=child.pid))


def test_a_process_that_has_the_id_of_another_is_not_it(system):
    assert gone(replace(Owner.this(), process="started at another time"))


def test_a_killed_process_that_nobody_has_reaped_is_gone(system):
    if system == "ps":
        pytest.skip("ps shows when a zombie started")
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"])
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert gone(replace(Owner.this(), pid=child.pid, process=None))
    child.wait()


@pytest.mark.parametrize(("hours", "is_gone"), [(0, False), (24, False), (25, True)])
def test_a_process_of_another_host_cannot_be_asked_and_is_given_a_day(hours, is_gone):
    elsewhere = replace(Owner.this(), host="elsewhere")
    assert gone(elsewhere, timedelta(hours=hours)) is is_gone


def test_a_container_is_a_host_of_its_own(monkeypatch):
    monkeypatch.setattr(os, "readlink", lambda path: "pid:[4026532001]")
    inside = Owner.this()
    monkeypatch.setattr(os, "readlink", lambda path: "pid:[4026531836]")
    outside = Owner.this()
    assert inside.host == f"{outside.host}/pid:[4026532001]"
