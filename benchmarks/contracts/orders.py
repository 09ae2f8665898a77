"""The table of the contract benchmarks: generated, the same on every machine in one month.

Seven columns, about 28 bytes a row in zstd: `id` (unique, shuffled), `customer`, `email`,
`amount`, `status`, `created_at`, `note` (nullable). The bad variant holds `PLANTED` violations
of each rule on rows, too few rows, and is sixty days old: what it breaks is known exactly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import measure

if TYPE_CHECKING:
    import polars as pl

STATUSES = ("new", "paid", "shipped", "cancelled", "returned")
EMAIL = r"^[a-z0-9.]+@[a-z0-9]+\.[a-z]{2,}$"
LONGEST_EMAIL = 60
LONGEST_NOTE = 120
MOST = 10_000.0
CUSTOMERS = 2_000_000
FRESH_DAYS = 40
SPAN_DAYS = 365
PLANTED = 1_000
FILES = 10
RULES = (
    "schema",
    "id_required",
    "id_unique",
    "customer_required",
    "customer_range",
    "email_required",
    "email_length",
    "email_pattern",
    "amount_required",
    "amount_range",
    "status_required",
    "status_allowed",
    "created_at_range",
    "note_length",
    "row_count",
    "created_at_freshness",
)


@dataclass(frozen=True, slots=True)
class Table:
    """One variant: so many rows, clean or bad, identifiers in or out of order."""

    rows: int = 10_000_000
    bad: bool = False
    ids: str = "shuffled"

    @property
    def folder(self) -> Path:
        kind = "bad" if self.bad else "clean"
        return measure.cache_folder(f"contracts-{self.rows}-{self.ids}-{kind}-{_end():%Y-%m}")

    @property
    def glob(self) -> str:
        return str(self.folder / "*.parquet")

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    @property
    def contract(self) -> Path:
        return self.folder / "orders.odcs.yaml"

    @property
    def end(self) -> datetime:
        """No row is younger; the bad variant is older than promised."""
        return _end() - timedelta(days=60 if self.bad else 0)

    @property
    def expected(self) -> dict[str, int]:
        """Rule -> what breaks it: rows, or 1 for a rule on the table."""
        counts = dict.fromkeys(RULES, PLANTED if self.bad else 0)
        on_tables = {"row_count": int(self.bad), "created_at_freshness": int(self.bad)}
        return counts | {"schema": 0} | on_tables

    def make(self) -> Table:
        """Write files and contract unless they are there."""
        if not self.contract.exists():
            for number, frame in enumerate(_frames(self)):
                path = self.folder / f"{number:02}.parquet"
                frame.write_parquet(path, compression="zstd", row_group_size=250_000)
        self.contract.write_text(_contract(self), encoding="utf-8")
        return self


def _end() -> datetime:
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _frames(table: Table) -> Iterator[pl.DataFrame]:
    import numpy as np
    import polars as pl

    random = np.random.default_rng(2013)
    ids = np.arange(table.rows, dtype=np.int64) * 3 + 1_000_000
    if table.ids != "rising":
        random.shuffle(ids)
    start = np.datetime64(table.end - timedelta(days=SPAN_DAYS), "us")
    words = np.array(["left at the door", "call before", "gift", "fragile", "second floor", "none"])
    for number, part in enumerate(np.array_split(ids, FILES)):
        size = len(part)
        seconds = random.integers(0, SPAN_DAYS * 86_400, size)
        customer = random.integers(1, CUSTOMERS, size)
        frame = pl.DataFrame(
            {
                "id": part,
                "customer": customer,
                "amount": np.round(random.gamma(2.0, 50.0, size).clip(0, MOST), 2),
                "status": np.array(STATUSES)[random.integers(0, len(STATUSES), size)],
                "created_at": start + seconds.astype("timedelta64[s]"),
                "word": words[random.integers(0, len(words), size)],
                "number": random.integers(1, 10_000, size),
                "noted": random.random(size) < 0.2,
            }
        )
        name = pl.format("user{}.{}@mail{}.com", "customer", pl.col("customer") % 97, "host")
        frame = frame.with_columns(host=pl.col("customer") % 41).with_columns(
            email=name,
            note=pl.when("noted").then(pl.format("{} no {}", "word", "number")),
        )
        if table.ids == "text":
            frame = frame.with_columns(id=pl.format("order-{}", "id"))
        yield _spoiled(frame, number, table) if table.bad else _columns(frame)


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("id", "customer", "email", "amount", "status", "created_at", "note")


def _spoiled(frame: pl.DataFrame, number: int, table: Table) -> pl.DataFrame:
    """A tenth of `PLANTED` violations of each kind in each file, far from one another."""
    import polars as pl

    each = PLANTED // FILES
    at = pl.int_range(pl.len()) // each
    early = pl.lit(datetime(1990, 1, 1)).cast(pl.Datetime("us"))  # noqa: DTZ001

    def spoil(column: str, slots: dict[int, Any]) -> pl.Expr:
        value = pl.col(column)
        for slot, instead in slots.items():
            value = pl.when(at == slot).then(instead).otherwise(value)
        return value.alias(column)

    long_email = pl.lit("x" * (LONGEST_EMAIL - 5) + "@mail.com")
    spoiled = frame.with_columns(
        spoil("id", {1: pl.col("id").shift(each), 2: pl.lit(None)}),
        spoil("customer", {3: pl.lit(None), 4: pl.lit(-1)}),
        spoil("email", {5: pl.lit(None), 6: pl.lit("no address"), 7: long_email}),
        spoil("amount", {8: pl.lit(None), 9: pl.lit(-1.0)}),
        spoil("status", {10: pl.lit(None), 11: pl.lit("lost")}),
        spoil("created_at", {12: early}),
        spoil("note", {13: pl.lit("n" * (LONGEST_NOTE + 1))}),
    )
    return _columns(spoiled.head(spoiled.height - 1) if number == 0 else spoiled)


def _contract(table: Table) -> str:
    text = table.ids == "text"
    kind, physical = ("string", "string") if text else ("integer", "long")
    return f"""\
apiVersion: v3.1.0
kind: DataContract
id: mesh://bench/orders/v1
name: orders
version: 1.0.0
status: active
servers:
- server: local
  type: local
  path: {table.glob}
  format: parquet
schema:
- name: orders
  physicalName: orders
  physicalType: table
  properties:
  - name: id
    logicalType: {kind}
    physicalType: {physical}
    required: true
    unique: true
  - name: customer
    logicalType: integer
    physicalType: long
    required: true
    logicalTypeOptions: {{minimum: 1}}
  - name: email
    logicalType: string
    physicalType: string
    required: true
    logicalTypeOptions: {{pattern: '{EMAIL}', maxLength: {LONGEST_EMAIL}}}
  - name: amount
    logicalType: number
    physicalType: double
    required: true
    logicalTypeOptions: {{minimum: 0, maximum: {MOST:.0f}}}
  - name: status
    logicalType: string
    physicalType: string
    required: true
    quality:
    - id: status_allowed
      metric: invalidValues
      arguments: {{validValues: [{", ".join(STATUSES)}]}}
      mustBe: 0
  - name: created_at
    logicalType: timestamp
    physicalType: timestamp
    logicalTypeOptions: {{minimum: '2000-01-01T00:00:00'}}
  - name: note
    logicalType: string
    physicalType: string
    logicalTypeOptions: {{maxLength: {LONGEST_NOTE}}}
  quality:
  - id: row_count
    metric: rowCount
    mustBe: {table.rows}
slaProperties:
- property: freshness
  value: {FRESH_DAYS}
  unit: d
  element: orders.created_at
"""
