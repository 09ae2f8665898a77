"""What Parquet statistics answer is what reading the rows answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.values import fused, statistics
from mesh_dagster.contracts.audit.values.statistics import MOST, apart
from mesh_dagster.contracts.rules.kinds import Missing, Pattern, Range, Required, Rule
from mesh_dagster.model.partition import Every, Partitioning

DAYS = st.dates(date(2013, 1, 1), date(2013, 1, 4))
MOMENTS = st.datetimes(datetime(2013, 1, 1), datetime(2013, 1, 2))  # noqa: DTZ001
COLUMNS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any], dict[str, Any]]] = {
    "small": (pl.Int8(), st.integers(-3, 3), {"minimum": -1, "maximum": 2}),
    "great": (pl.UInt64(), st.sampled_from([0, 1, 2**64 - 1]), {"maximum": 5}),
    "whole": (pl.Int64(), st.integers(-9, 9), {"exclusive_minimum": -5}),
    "day": (pl.Date(), DAYS, {"minimum": date(2013, 1, 2)}),
    "at": (pl.Datetime("us"), MOMENTS, {"exclusive_maximum": datetime(2013, 1, 1, 12)}),  # noqa: DTZ001
    "float": (pl.Float64(), st.sampled_from([0.5, -1.0, float("nan")]), {"minimum": 0.0}),
    "text": (pl.String(), st.text("ab", max_size=2), {}),
}


@pytest.fixture(autouse=True)
def files_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "WORTH", 0)


def asked() -> list[Rule]:
    rules: list[Rule] = []
    for name, (_, _, ends) in COLUMNS.items():
        rules.append(Required(id=f"{name}_required", message="", column=name))
        if ends:
            rules.append(Range(id=f"{name}_range", message="", column=name, **ends))
    return [*rules, Missing(id="text_missing", message="", column="text")]


def counted(data: pl.LazyFrame, rules: Sequence[Rule]) -> dict[str, Any]:
    return {each.rule: (each.failed, each.checked) for each in audit(rules, data)}


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_answers_of_statistics_are_those_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("files")
    for number in range(data.draw(st.integers(1, 3))):
        height = data.draw(st.integers(0, 6))
        frame = pl.DataFrame(
            [
                pl.Series(
                    name,
                    data.draw(st.lists(st.none() | values, min_size=height, max_size=height)),
                    dtype=dtype,
                )
                for name, (dtype, values, _) in COLUMNS.items()
            ]
        )
        frame.write_parquet(
            folder / f"{number}.parquet",
            row_group_size=2,
            statistics=data.draw(st.sampled_from([True, False, "full"])),
        )
    scanned = pl.scan_parquet(folder / "*.parquet")
    assert len(apart(asked(), Frame.of(scanned))) == len(COLUMNS) - 1
    assert counted(scanned, asked()) == counted(scanned.collect().lazy(), asked())


def test_each_day_has_its_own_count(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    days = [date(2013, 1, 1), date(2013, 1, 1), date(2013, 1, 2)]
    pl.DataFrame({"day": days, "n": [None, 1, None]}).write_parquet(path)
    rules = [Required(id="n_required", message="", column="n")]
    daily = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
    found = audit(rules, pl.scan_parquet(path), partitioning=daily)
    assert [(each.failed, each.checked) for each in found] == [(1, 2), (1, 1)]


def test_only_parquet_as_it_is_is_asked_column_by_column(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": [1]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    rules = [Required(id="n_required", message="", column="n")]
    scanned = pl.scan_parquet(tmp_path / "t.parquet")
    assert apart(rules, Frame.of(scanned)) == [("n_required",)]
    for other in (
        pl.scan_csv(tmp_path / "t.csv"),
        frame.lazy(),
        scanned.with_columns(n=pl.col("n") + 1),
        scanned.join(scanned, on="n"),
    ):
        assert apart(rules, Frame.of(other)) == []


def test_a_column_that_is_read_anyway_is_not_asked_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"s": ["a"], **{f"n{number}": [1] for number in range(MOST + 2)}}).write_parquet(
        path
    )
    rules: list[Rule] = [
        Required(id="s_required", message="", column="s"),
        Pattern(id="s_pattern", message="", column="s", pattern="a"),
        *(Required(id=f"{n}", message="", column=f"n{n}") for n in range(MOST + 2)),
    ]
    found = apart(rules, Frame.of(pl.scan_parquet(path)))
    assert found == [(str(number),) for number in range(MOST)]


def test_clean_columns_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a column are damaged on disk: only its statistics can have answered."""
    path = tmp_path / "t.parquet"
    rows = 200_000
    pl.DataFrame({"n": pl.int_range(rows, eager=True).shuffle(1)}).write_parquet(path)
    held = bytearray(path.read_bytes())
    held[1_000:100_000] = bytes(99_000)
    path.write_bytes(held)
    rules = [Range(id="n_range", message="", column="n", minimum=0)]
    assert counted(pl.scan_parquet(path), rules) == {"n_range": (0, rows)}
    monkeypatch.setattr(fused, "apart", lambda rules, frame: [])
    with pytest.raises(Exception, match=r"\S"):
        assert counted(pl.scan_parquet(path), rules) == {"n_range": (0, rows)}


def test_many_small_files_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        pl.DataFrame({"n": range(10)}).write_parquet(tmp_path / f"{number}.parquet")
    rules = [Required(id="n_required", message="", column="n")]
    scanned = Frame.of(pl.scan_parquet(tmp_path / "*.parquet"))
    monkeypatch.setattr(statistics, "WORTH", 10)
    assert apart(rules, scanned) == [("n_required",)]
    monkeypatch.setattr(statistics, "WORTH", 11)
    assert apart(rules, scanned) == []
