"""An audit of 16 rules against the same 16 rules written by hand as one Polars query.

    python benchmarks/audit.py [--rows 10000000] [--runs 5] [--ids shuffled|rising] [--bad]

Each side is a process of its own that starts, imports, audits and prints what it counted; both
must count the same. `--bad` plants violations of every kind. `shuffled` identifiers leave no
short cut by their order, `rising` ones do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import bars
import measure

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("id", "customer", "email", "amount", "status", "created_at", "note", "quantity")
STATUSES = ("new", "paid", "shipped", "cancelled")
EMAIL = r"^[^@]+@[^@]+\.[a-z]+$"
PLANTED = 100


BY_HAND = "the same rules by hand, one Polars query"


def main() -> None:
    arguments = _arguments()
    sides = {"generate": generate, "ours": ours, "hand": hand}
    if arguments.side:
        sides[arguments.side](arguments)
        return
    planted = "planted violations" if arguments.bad else "clean"
    print(f"{arguments.rows:,} rows, {arguments.ids} identifiers, {planted}\n")
    print(bars.table(results(arguments.rows, arguments.runs, sys.argv[1:])))


def results(rows: int, runs: int, options: Sequence[str] = ()) -> list[bars.Result]:
    """The audit of clean data against the rules by hand; both must count the same."""
    arguments = _parser().parse_args([f"--rows={rows}", *options])
    if not any(_folder(arguments).glob("*.parquet")):
        measure.run([*_command("generate"), f"--rows={rows}", *options])
    what = f"audit, 16 rules, {rows:,} rows x {len(COLUMNS)} columns"
    sides = {
        name: partial(measure.run, [*_command(side), f"--rows={rows}", *options])
        for name, side in ((BY_HAND, "hand"), (what, "ours"))
    }
    taken = measure.interleave(sides, runs=runs)
    by_hand, by_us = (json.loads(each[0].output) for each in taken.values())
    if by_hand != by_us:
        raise SystemExit(f"the sides disagree:\n{by_hand}\n{by_us}")
    return bars.compared(taken, {what: bars.Bar(wall=1.15, cpu=1.15, peak=1.2)}, BY_HAND)


def ours(arguments: argparse.Namespace) -> None:
    import polars as pl

    from mesh_dagster.contracts.audit.run import audit
    from mesh_dagster.contracts.rules.compile import rules

    checked = rules(contract(arguments.rows))
    found = audit(checked, pl.scan_parquet(_folder(arguments) / "*.parquet"))
    if len(found) != 16 or any(result.failed is None for result in found):
        raise SystemExit(f"not 16 answers: {found}")
    print(json.dumps({result.rule: result.failed for result in found}, sort_keys=True))


def hand(arguments: argparse.Namespace) -> None:
    import polars as pl

    data = pl.scan_parquet(_folder(arguments) / "*.parquet")
    print(json.dumps(counted_by_hand(data, arguments.rows), sort_keys=True))


def counted_by_hand(data: pl.LazyFrame, rows: int) -> dict[str, int]:
    """What breaks each of the 16 rules, as somebody would write it who has Polars and no mesh."""
    from datetime import datetime

    import polars as pl

    expected = {
        "id": pl.Int64(),
        "customer": pl.Int64(),
        "email": pl.String(),
        "amount": pl.Float64(),
        "status": pl.String(),
        "created_at": pl.Datetime("us"),
        "note": pl.String(),
        "quantity": pl.Int32(),
    }
    start, end = datetime(2013, 1, 1), datetime(2013, 12, 31, 23, 59, 59)  # noqa: DTZ001
    email, note = pl.col("email"), pl.col("note")
    counts = {
        "id_required": pl.col("id").is_null().sum(),
        "customer_required": pl.col("customer").is_null().sum(),
        "email_required": email.is_null().sum(),
        "amount_required": pl.col("amount").is_null().sum(),
        "status_required": pl.col("status").is_null().sum(),
        "created_at_required": pl.col("created_at").is_null().sum(),
        "primary_key": pl.col("id").count() - pl.col("id").drop_nulls().n_unique(),
        "email_pattern": (~email.str.contains(EMAIL)).sum(),
        "email_length": (email.str.len_chars() > 64).sum(),
        "note_length": (note.str.len_chars() > 200).sum(),
        "amount_range": (~pl.col("amount").is_between(0, 10_000)).sum(),
        "status_allowed": (~pl.col("status").is_in(STATUSES)).sum(),
        "created_at_range": (~pl.col("created_at").is_between(start, end)).sum(),
        "quantity_range": (~pl.col("quantity").is_between(1, 1_000)).sum(),
    }
    found = (
        data.select(pl.len().alias("rows"), **counts).collect(engine="streaming").row(0, named=True)
    )
    found["row_count"] = int(found.pop("rows") != rows)
    found["schema"] = int(dict(data.collect_schema()) != expected)
    return found


def contract(rows: int):  # type: ignore[no-untyped-def]
    """The contract that compiles to the 16 rules."""
    from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
    from mesh_dagster.model.product import Status
    from mesh_dagster.model.types import ColumnType, Kind

    def column(name: str, kind: Kind, **more: object) -> Property:
        return Property(name, type=ColumnType(kind), **{"required": True, **more})  # type: ignore[arg-type]

    columns = (
        column("id", Kind.LONG, primary_key=1),
        column("customer", Kind.LONG),
        column("email", Kind.STRING, options={"pattern": EMAIL, "maxLength": 64}),
        column("amount", Kind.DOUBLE, options={"minimum": 0, "maximum": 10_000}),
        column("status", Kind.STRING, options={"enum": list(STATUSES)}),
        column(
            "created_at",
            Kind.TIMESTAMP,
            options={"minimum": "2013-01-01T00:00:00", "maximum": "2013-12-31T23:59:59"},
        ),
        column("note", Kind.STRING, required=False, options={"maxLength": 200}),
        column("quantity", Kind.INT, required=False, options={"minimum": 1, "maximum": 1_000}),
    )
    count = Quality("library", "rowCount", "mustBe", rows)
    table = SchemaObject("orders", columns, quality=(count,))
    return Contract("mesh://bench/orders/v1", "1.0.0", Status.ACTIVE, (table,))


def generated(rows: int) -> Path:
    """The folder of clean data with shuffled identifiers, written if it is not there yet."""
    arguments = _parser().parse_args([f"--rows={rows}"])
    if not any(_folder(arguments).glob("*.parquet")):
        generate(arguments)
    return _folder(arguments)


def generate(arguments: argparse.Namespace) -> None:
    """Write the table as ten files, the same on every machine."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(2013)
    rows, folder, files = arguments.rows, _folder(arguments), 10
    ids = np.arange(rows) * 3
    if arguments.ids == "shuffled":
        random.shuffle(ids)
    for number, part in enumerate(np.array_split(ids, files)):
        size = len(part)
        seconds = random.integers(0, 364 * 86_400, size)
        customer = random.integers(1, 500_000, size)
        frame = pl.DataFrame(
            {
                "id": part,
                "customer": customer,
                "amount": np.round(random.gamma(2.0, 50.0, size), 2),
                "status": np.array(STATUSES)[random.integers(0, len(STATUSES), size)],
                "created_at": np.datetime64("2013-01-01", "us") + seconds.astype("timedelta64[s]"),
                "has_note": random.random(size) < 0.3,
                "quantity": random.integers(1, 100, size).astype(np.int32),
            }
        ).with_columns(
            email=pl.format("user{}@example{}.com", "customer", pl.col("customer") % 50),
            note=pl.when("has_note").then(pl.format("left at door {}", "customer")),
        )
        if arguments.bad and number == 0:
            frame = _spoiled(frame, pl)
        frame.select(COLUMNS).write_parquet(folder / f"{number:02}.parquet")


def _spoiled(frame, pl):  # type: ignore[no-untyped-def]
    """The frame with `PLANTED` violations of every kind in its first rows."""
    at = pl.int_range(pl.len()) // PLANTED
    return frame.with_columns(
        id=pl.when(at == 0).then(pl.col("id").shift(-PLANTED)).otherwise("id"),
        customer=pl.when(at == 2).then(None).otherwise("customer"),
        email=pl.when(at == 3).then(None).when(at == 4).then(pl.lit("nobody")).otherwise("email"),
        amount=pl.when(at == 5).then(None).when(at == 6).then(-1.0).otherwise("amount"),
        status=pl.when(at == 7).then(None).when(at == 8).then(pl.lit("lost")).otherwise("status"),
        note=pl.when(at == 9).then(pl.lit("x" * 201)).otherwise("note"),
        quantity=pl.when(at == 10).then(0).otherwise("quantity").cast(pl.Int32),
    )


def _folder(arguments: argparse.Namespace) -> Path:
    kind = "bad" if arguments.bad else "clean"
    return measure.cache_folder(f"audit-{arguments.rows}-{arguments.ids}-{kind}")


def _command(side: str) -> list[str | Path]:
    return [sys.executable, Path(__file__).resolve(), f"--side={side}"]


def _arguments() -> argparse.Namespace:
    return _parser().parse_args()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ids", choices=("shuffled", "rising"), default="shuffled")
    parser.add_argument("--bad", action="store_true")
    parser.add_argument("--side", choices=("ours", "hand", "generate"), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
