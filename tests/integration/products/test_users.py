"""Two users of one machine: what was not granted, the operating system does not open."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CREW, FLIGHTS, BASES_READERS = 65_101, 65_102, 65_111
BECOMES = """
import os, sys
from pathlib import Path

user, groups, *words = sys.argv[1:]

def become():
    os.setgroups([int(each) for each in groups.split(",") if each])
    os.setgid(int(user))
    os.setuid(int(user))
"""
OPENS = BECOMES + "become(); open(words[0], 'rb').read(4)"
WRITES = BECOMES + "become(); open(words[0] + '/evil.parquet', 'wb')"
RUNS = (
    BECOMES
    + """
from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh

def make(root):
    mesh = Mesh.open(Path(root))
    return materialize(mesh, mesh.load(Address.parse("flights/rota"))).state.value

make(words[0])  # whatever is imported on the way may lie where only root reads
become()
print(make(words[1]))
"""
)
COUNTS = """
import polars as pl

def transform(bases, window):
    return bases.select(pl.len().cast(pl.Int64).alias("n"))
"""

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root becomes other users")


def _as(user: int, code: str, *words: str, groups: tuple[int, ...] = ()) -> Any:
    """A process that is root's until it becomes another user's."""
    named = ",".join(map(str, groups))
    return subprocess.run(
        [sys.executable, "-c", code, str(user), named, *words],
        capture_output=True,
        text=True,
        check=False,
    )


def _give(place: Path, user: int, group: int, mode: int) -> None:
    """Let a place and all below it belong to a user; `mode` is of folders, files cannot be run."""
    place.mkdir(parents=True, exist_ok=True)
    for each in (place, *place.rglob("*")):
        os.chown(each, user, group)
        each.chmod(mode if each.is_dir() else mode & 0o666)


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that every user may enter."""
    place = Path(tempfile.mkdtemp(prefix="mesh-users-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def air(root: Path, world: ModuleType) -> Path:
    """A mesh each domain of which is a user's, and beside it a copy that is root's."""
    shop = world.Shop.new(root / "mesh")
    licence = {"physicalType": "VARCHAR", "classification": "confidential"}
    shop.product("crew/roster/v1", {"licence": licence}, {"licence": ["X1"]})
    shop.product("crew/bases/v1", {"base": "VARCHAR"}, {"base": ["JFK"]})
    shop.product("flights/rota/v1", {"n": "BIGINT"}, inputs={"bases": "mesh://crew/bases/v1"},
                 transform=COUNTS)  # fmt: skip
    shop.make(address="crew/roster")
    shop.make(address="crew/bases")
    shutil.copytree(shop.root, root / "copy")
    state, storage = shop.root / ".mesh", shop.root / ".mesh" / "storage"
    for user, domain in ((CREW, "crew"), (FLIGHTS, "flights")):
        _give(storage / domain, user, user, 0o755)
        _give(storage / "_registry" / domain, user, user, 0o755)
    _give(storage / "crew" / "roster", CREW, CREW, 0o700)
    _give(storage / "crew" / "bases", CREW, BASES_READERS, 0o750)
    (state / "journals").chmod(0o1777)
    return shop.root


def _file(root: Path, product: str) -> str:
    found, *_ = (root / ".mesh" / "storage" / "crew" / product).rglob("*.parquet")
    return str(found)


def test_a_run_opens_what_it_was_granted_and_nothing_else_whatever_its_code_tries(
    air: Path,
) -> None:
    readers = (BASES_READERS,)
    made = _as(FLIGHTS, RUNS, str(air.with_name("copy")), str(air), groups=readers)
    assert made.stdout.strip() == "finished", made.stderr
    assert _as(FLIGHTS, OPENS, _file(air, "bases"), groups=readers).returncode == 0

    undeclared = _as(FLIGHTS, OPENS, _file(air, "roster"), groups=readers)
    assert undeclared.returncode != 0
    assert "PermissionError" in undeclared.stderr
    written = _as(FLIGHTS, WRITES, str(Path(_file(air, "bases")).parent), groups=readers)
    assert "PermissionError" in written.stderr
    granting = _as(FLIGHTS, WRITES, str(air / ".mesh" / "storage" / "_registry" / "crew"))
    assert "PermissionError" in granting.stderr


def test_without_the_group_of_a_port_its_run_is_refused_by_the_system(air: Path) -> None:
    made = _as(FLIGHTS, RUNS, str(air.with_name("copy")), str(air))
    assert made.returncode != 0
    assert "Permission denied" in made.stderr
    assert _as(CREW, OPENS, _file(air, "roster")).returncode == 0
