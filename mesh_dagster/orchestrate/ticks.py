"""Where Dagster keeps its ticks on one machine: in SQLite, and each writer waits for its turn.

Sensors of many domains tick at once, and each of them writes. Dagster's own storage gives up after
five seconds, and then a tick fails because others were written. It also opens the file anew for
each statement; SQLite puts all that was written to disk whenever the last one closes it, and more
than half of the time of Dagster's daemon went there.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.storage.schedules.sqlite import SqliteScheduleStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event
from sqlalchemy.engine import Connection

_FOLDER, _FILE = "schedules", "schedules"
_PATIENCE = 60
_KEPT = 8
"""Connections that stay open."""


class TickStorage(SqliteScheduleStorage):
    """The very file that Dagster would write, below the folder of the instance."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        # The place is known with the instance: a home may be moved with its mesh.
        super().__init__("", inst_data)

    @classmethod
    def config_type(cls) -> dict[str, object]:
        """It has no settings."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]
    ) -> TickStorage:
        """What Dagster makes of `schedule_storage` in dagster.yaml."""
        return cls(inst_data)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Open the file of this instance; its tables are made if it is new."""
        super().register_instance(instance)
        folder = str(Path(instance.root_directory, _FOLDER))
        SqliteScheduleStorage.from_local(folder)
        self._engine = create_engine(
            create_db_conn_string(folder, _FILE),
            pool_size=_KEPT,
            max_overflow=-1,
            connect_args={"timeout": _PATIENCE},
        )
        event.listen(self._engine, "connect", _trusting_the_system)
        # Dagster disposes of the other storages of an instance, not of this one.
        weakref.finalize(self, self._engine.dispose)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction of its own."""
        with self._engine.connect() as connection, connection.begin():
            yield connection


def _trusting_the_system(connection: sqlite3.Connection, _: object) -> None:
    """Do not wait for the disk: what ends only this process loses nothing, and a machine that
    loses its last ticks makes them again."""
    connection.execute("PRAGMA synchronous = NORMAL")
