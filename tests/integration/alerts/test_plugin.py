"""A channel of another package comes in by the same door as ours, and can hold up nobody."""

from __future__ import annotations

import importlib
import sys

import pytest

from mesh_dagster import plugins

CODE = """
from threading import Event
from mesh_dagster.alerts.notifier import Refused
from mesh_dagster.model.message import Setting

got, awake = [], Event()

class Pager:
    SETTINGS = {"key": Setting("whose pager", required=True, secret=True), "mood": Setting("how")}
    PERSONAL = False

    def __init__(self, *, key, mood="good"):
        self.key, self.mood = key, mood

    def deliver(self, message):
        if self.mood == "asleep":
            awake.wait(600)
        if self.mood == "broken":
            raise RuntimeError(f"cannot page {self.key}")
        if self.mood == "rude":
            raise Refused("never")
        got.append((self.key, message.subject))
"""


@pytest.fixture
def pager(tmp_path, monkeypatch):
    """An installed distribution whose entry point is a notifier."""
    site = tmp_path / "site"
    info = site / "pager-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pager\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mesh_dagster.notifiers]\npager = pager:Pager\n")
    (site / "pager.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PAGER_KEY", "hunter2")
    plugins.installed.cache_clear()
    imported = importlib.import_module("pager")
    yield imported
    imported.awake.set()
    del sys.modules["pager"]
    plugins.installed.cache_clear()


def configured(world, settings=None, **stated):
    channel = {"type": "pager", "key": "${PAGER_KEY}", **(settings or {})}
    world.hooked(channels={"pager": channel}, owners=["pager"], **stated)


def test_it_is_configured_and_told_like_ours(world, pager, event):
    configured(world)
    assert world.mesh.config.warnings == ()
    world.put(event("late"))
    assert world.tell().sent.delivered == 1
    assert pager.got == [("hunter2", "shop/sales/v1: late")]


def test_its_settings_are_checked_like_ours(world, pager):
    configured(world, {"mod": "good"})
    (warning,) = world.mesh.config.warnings
    assert "did you mean `mood`" in warning.message


def test_what_it_raises_is_another_try_and_its_secret_is_not_kept(world, pager, event):
    configured(world, {"mood": "broken"}, retry={"first": "1h", "longest": "1h"})
    world.put(event("a"))
    assert world.tell().sent.failed == 1
    (alert,) = world.alerts()
    assert alert.told[0].error == "RuntimeError: cannot page ***"


def test_a_refusal_is_a_dead_letter(world, pager, event):
    configured(world, {"mood": "rude"})
    world.put(event("a"))
    assert world.tell().sent.dead == 1


def test_one_that_sleeps_holds_up_nobody(world, pager, event):
    configured(world, {"mood": "asleep"}, timeout="200ms")
    world.put(*(event(f"{n}", f"shop/p{n}/v1") for n in range(60)))
    done = world.tell()
    assert pager.got == [], "all that were tried are asleep"
    assert (done.sent.delivered, done.sent.dead) == (0, 0)
    (error,) = {each.told[0].error for each in world.alerts() if each.told[0].error}
    assert error == "NoAnswer: no answer in 0.2 seconds"
