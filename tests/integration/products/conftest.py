"""A small mesh of real files: Iceberg on disk and SQLite, or S3 over HTTP and PostgreSQL."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

WORLD = Path(__file__).with_name("world.py")
_databases = itertools.count()


@pytest.fixture(scope="session")
def world() -> ModuleType:
    """Builders of a small shop; the same file is the script that other processes run."""
    spec = importlib.util.spec_from_file_location("products_world", WORLD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["products_world"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _alone(alone: None) -> None:
    """Each test of this folder."""


@pytest.fixture
def shop(world: ModuleType, tmp_path: Path) -> Any:
    """An empty mesh on disk."""
    return world.Shop.new(tmp_path / "mesh")


@pytest.fixture(scope="module", params=["embedded", "at_scale"])
def read_only(
    request: pytest.FixtureRequest, world: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A mesh like `anywhere`, for all tests of a module: made once, and then only read."""
    root = tmp_path_factory.mktemp("read") / "mesh"
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "embedded":
            yield world.Shop.new(root)
            return
        bucket = request.getfixturevalue("new_bucket")(patch)
        yield world.Shop.new(
            root, storage=bucket, journal=request.getfixturevalue("new_database")()
        )


@pytest.fixture(params=["embedded", "at_scale"])
def anywhere(request: pytest.FixtureRequest, world: ModuleType, tmp_path: Path) -> Any:
    """An empty mesh: on disk with SQLite, and in S3 with PostgreSQL."""
    if request.param == "embedded":
        return request.getfixturevalue("shop")
    return world.Shop.new(
        tmp_path / "mesh",
        storage=request.getfixturevalue("s3_url"),
        journal=request.getfixturevalue("database"),
    )


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """A database of its own on the server: domains of two tests share a name."""
    return new_database()


@pytest.fixture(scope="session")
def new_database(postgresql: str) -> Callable[[], str]:
    """Makes a database on the server."""
    return partial(_database, postgresql)


def _database(postgresql: str) -> str:
    import psycopg

    name = f"mesh_{os.getpid()}_{next(_databases)}"
    plain = postgresql.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    return sa.make_url(postgresql).set(database=name).render_as_string(hide_password=False)
