"""Runs the migrations inside the transaction that `upgrade` holds."""

from __future__ import annotations

from alembic import context


def _run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection.execution_options(schema_translate_map=None))
    context.run_migrations()


_run()
