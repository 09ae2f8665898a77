"""Ours: the contract file in, the verdict out, on its own.

`MESH_BENCH_WITHOUT` names a short cut that is left out, to see what it saves.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

from side import answer, table

asked = table()


def without_statistics() -> None:
    from mesh_dagster.contracts.audit.values import fused

    fused.apart = lambda rules, frame: []


def without_sorting() -> None:
    import polars as pl

    from mesh_dagster.contracts.audit.keys import duplicates

    def counted(rows: pl.LazyFrame, keys: list[str]) -> tuple[int, pl.LazyFrame]:
        key = pl.struct(keys) if len(keys) > 1 else pl.col(keys[0])
        both = rows.select(pl.len().alias("rows"), key.n_unique().alias("keys"))
        count, distinct = both.collect(engine="streaming").row(0)
        return count - distinct, rows

    duplicates.repeats = counted


for left_out in os.environ.get("MESH_BENCH_WITHOUT", "").split():
    {"statistics": without_statistics, "sorting": without_sorting}[left_out]()

from mesh_dagster.cli import main

written = io.StringIO()
sys.argv[1:] = ["contract", "test", str(asked.contract), "--data", asked.glob, "--json"]
try:
    with contextlib.redirect_stdout(written):
        sys.exit(main())
except SystemExit as end:
    if end.code not in (0, 1):
        raise
answer({each["id"]: each["failed"] for each in json.loads(written.getvalue())["rules"]})
