"""What every side has: which table it is asked about, and how it answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from orders import RULES, Table


def table() -> Table:
    """The table that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--ids", default="shuffled")
    parser.add_argument("--bad", action="store_true")
    given = parser.parse_args()
    return Table(given.rows, given.bad, given.ids)


def answer(counts: Mapping[str, int | None]) -> None:
    """Print rule -> count as the last line; a rule that is not said is null."""
    print(json.dumps({rule: counts.get(rule) for rule in RULES}))
