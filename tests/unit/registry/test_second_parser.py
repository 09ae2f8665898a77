"""A second process parses, and what it cannot tell is told all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.second_parser import told_by_another

HERE = os.getpid()


def test_items_come_from_another_process_in_their_order() -> None:
    def items() -> Iterator[tuple[int, int, str]]:
        for at in range(50):
            yield at, os.getpid(), "x" * 100_000

    found = list(told_by_another(items))
    assert [at for at, _, _ in found] == list(range(50))
    assert {process for _, process, _ in found}.isdisjoint({HERE})


@pytest.mark.parametrize("end", ["killed", "raises", "leaves"])
def test_what_it_cannot_tell_is_told_here(end: str) -> None:
    def items() -> Iterator[tuple[int, bool]]:
        for at in range(20):
            if at == 10 and os.getpid() != HERE:
                if end == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                elif end == "raises":
                    raise OSError(at)
                os._exit(3)
            yield at, os.getpid() == HERE

    found = list(told_by_another(items))
    assert [at for at, _ in found] == list(range(20))
    assert [here for _, here in found][10:] == [True] * 10


def test_what_is_wrong_is_raised_here() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no such registry")

    found = told_by_another(items)
    assert next(found) == 1
    with pytest.raises(OSError, match="no such registry"):
        next(found)


def test_who_stops_early_leaves_no_process() -> None:
    def items() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1_000_000

    before = psutil.Process().children()
    found = told_by_another(items)
    next(found)
    assert len(psutil.Process().children()) == len(before) + 1
    found.close()  # type: ignore[attr-defined]
    assert psutil.Process().children() == before


BUILD = """
import sys
from pathlib import Path
from mesh_dagster.ports.storage import open_storage
from mesh_dagster.registry import index, second_parser
index.WORTHWHILE = int(sys.argv[3])
told = second_parser.told_by_another
def telling(items):
    print("another")
    return told(items)
index.told_by_another = telling
with index.Index(Path(sys.argv[2]), open_storage(sys.argv[1])) as made:
    made.refresh()
    for table in ("products", "words", "reads", "edges", "facets", "findings"):
        for row in made.ask(lambda it: it.execute(f"select * from {table}").fetchall()):
            print(row)
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="it has no core to run on")
def test_an_index_is_the_same_whoever_parses(
    storage: Storage, tmp_path: Path, describe: Callable[..., Described], tell: Callable[..., bool]
) -> None:
    for domain in ("flights", "weather", "punctuality"):
        tell(storage, *(describe(f"{domain}/product{each}/v1") for each in range(9)))
    storage.write("broken/discovery.json", b"{}")
    built = [
        subprocess.run(
            [sys.executable, "-c", BUILD, storage.url, tmp_path / f"{least}.db", str(least)],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout.splitlines()
        for least in (0, 1_000_000)
    ]
    assert built[0] == ["another", *built[1]]
    assert len(built[1]) > 27 * 2
