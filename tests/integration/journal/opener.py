"""Opens a journal in a process of its own, and says what that took.

opener.py URL DOMAIN         once more than it may need: what is imported, what is asked
opener.py URL DOMAIN wait    when told to by a line of input
"""

from __future__ import annotations

import json
import sys

import sqlalchemy as sa

from mesh_dagster.journal.journal import open_journal

HEAVY = ("alembic", "polars", "pyarrow", "pandas", "pyiceberg", "dagster", "sqlalchemy.orm")


def main(url: str, domain: str, wait: str = "") -> None:
    if wait:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
    open_journal(url, domain).close()
    heavy = [name for name in HEAVY if name in sys.modules]
    asked: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    open_journal(url, domain).close()
    sys.stdout.write(json.dumps({"asked": asked, "heavy": heavy}))


if __name__ == "__main__":
    main(*sys.argv[1:])
