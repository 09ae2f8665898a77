"""Bring a journal's schema up to this release's. A current one costs one query and no alembic."""

from __future__ import annotations

import warnings
from pathlib import Path

import sqlalchemy as sa

from mesh_dagster.journal.database import Database
from mesh_dagster.journal.failure import newer_schema
from mesh_dagster.journal.tables import versions
from mesh_dagster.journal.version import HEAD

MIGRATIONS = Path(__file__).with_name("migrations")


def ensure_schema(database: Database) -> None:
    """Create or upgrade the tables where needed, whoever else is doing the same.

    Raises `JournalError` for a schema that is newer than this release.
    """
    with database.reading() as connection:
        found = _version(connection, database)
    if found == HEAD:
        return
    _refuse_newer(found, database)
    with database.writing() as connection:
        # Another process may have upgraded it while this one waited for its turn.
        found = _version(connection, database)
        _refuse_newer(found, database)
        if found != HEAD:
            _upgrade(connection, database)


def _version(connection: sa.Connection, database: Database) -> str | None:
    if not sa.inspect(connection).has_table(versions.name, schema=database.schema):
        return None
    return connection.execute(sa.select(versions.c.version_num)).scalar()


def _refuse_newer(found: str | None, database: Database) -> None:
    if found is not None and found > HEAD:
        raise newer_schema(found, HEAD, database.shown)


def _upgrade(connection: sa.Connection, database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    if database.schema is not None:
        connection.execute(sa.schema.CreateSchema(database.schema, if_not_exists=True))
        # The migrations name no schema; for this transaction the domain's is the only one.
        quoted = connection.dialect.identifier_preparer.quote_identifier(database.schema)
        connection.execute(sa.select(sa.func.set_config("search_path", quoted, True)))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="alembic")
        command.upgrade(config, HEAD)
