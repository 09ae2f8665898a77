"""Opens a journal in a process of its own, at a moment if one is given, and says what it took."""

from __future__ import annotations

import json
import sys
import time

from mesh_dagster.journal.journal import open_journal

HEAVY = ("alembic", "polars", "pyarrow", "pandas", "pyiceberg", "dagster", "sqlalchemy.orm")


def timed(url: str, domain: str) -> float:
    start = time.perf_counter()
    with open_journal(url, domain):
        return time.perf_counter() - start


def main(url: str, domain: str, moment: str = "0") -> None:
    time.sleep(max(0.0, float(moment) - time.time()))
    open_journal(url, domain).close()
    heavy = [name for name in HEAVY if name in sys.modules]
    # The first time loads the driver too, which is not the journal's to answer for.
    seconds = min(timed(url, domain) for _ in range(3))
    sys.stdout.write(json.dumps({"seconds": seconds, "heavy": heavy}))


if __name__ == "__main__":
    main(*sys.argv[1:])
