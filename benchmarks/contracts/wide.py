"""A thousand columns with three rules each: what planning costs, on 100,000 rows.

    python wide.py --side ours|hand

Columns are whole numbers (required, range, allowed values), texts (required, length, pattern)
and floats (required, range, missing values), in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import measure

COLUMNS, ROWS = 1_000, 100_000
PATTERN = "^v[0-9]+$"
TYPES = ("long", "string", "double")


def kind(number: int) -> str:
    return TYPES[number % 3]


def data() -> Path:
    return measure.cache_folder("contracts-wide") / "wide.parquet"


def contract() -> Path:
    return data().with_name("wide.odcs.yaml")


def make() -> None:
    """Write the file and its contract unless they are there."""
    if contract().exists():
        return
    import polars as pl

    def column(number: int) -> pl.Expr:
        value = (pl.int_range(ROWS) * (number + 7) % 50).alias(f"c{number}")
        return {
            "long": value,
            "string": pl.format("v{}", value).alias(f"c{number}"),
            "double": (value / 4).alias(f"c{number}"),
        }[kind(number)]

    pl.select(column(number) for number in range(COLUMNS)).write_parquet(data())
    options = {
        "long": "{minimum: 0, maximum: 49}",
        "string": f"{{maxLength: 8, pattern: '{PATTERN}'}}",
        "double": "{minimum: 0, maximum: 20}",
    }
    values = f"arguments: {{validValues: {list(range(50))}}}"
    quality = {
        "long": f"[{{metric: invalidValues, {values}, mustBe: 0}}]",
        "string": "[]",
        "double": "[{metric: missingValues, arguments: {missingValues: [-1]}, mustBe: 0}]",
    }
    logical = {"long": "integer", "string": "string", "double": "number"}
    lines = [
        f"  - {{name: c{number}, logicalType: {logical[kind(number)]}, "
        f"physicalType: {kind(number)}, required: true, "
        f"logicalTypeOptions: {options[kind(number)]}, quality: {quality[kind(number)]}}}"
        for number in range(COLUMNS)
    ]
    contract().write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: mesh://bench/wide/v1\nname: wide\n"
        "version: 1.0.0\nstatus: active\nschema:\n- name: wide\n  properties:\n"
        + "\n".join(lines)
        + "\n",
        encoding="utf-8",
    )


def ours() -> list[int]:
    from mesh_dagster.contracts.standalone.run import hold

    report = hold(contract(), [str(data())])
    results = [each for table in report.tables for each in table.results]
    return [len(results) - 1, sum(each.failed or 0 for each in results)]


def hand() -> list[int]:
    import polars as pl

    found = []
    for number in range(COLUMNS):
        value = pl.col(f"c{number}")
        found.append(value.is_null())
        match kind(number):
            case "long":
                found += [~value.is_between(0, 49), ~value.is_in(list(range(50)))]
            case "string":
                found += [value.str.len_chars() > 8, ~value.str.contains(PATTERN)]
            case "double":
                found += [~value.is_between(0, 20), value.is_null() | value.is_in([-1.0])]
    sums = [each.sum().alias(str(at)) for at, each in enumerate(found)]
    counts = pl.scan_parquet(data()).select(sums).collect(engine="streaming").row(0)
    return [len(counts), sum(counts)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=("ours", "hand"), required=True)
    print(json.dumps({"ours": ours, "hand": hand}[parser.parse_args().side]()))
