"""What the columns of a lazy frame are made of, held against what Polars really computes.

The values of one input column are changed at a time: where an output changes, its lineage, or
that of the rows, has to name the column, or to say that it is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from effort import examples
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from mesh_dagster.lineage.columns.plan import relation_from_plan
from mesh_dagster.lineage.columns.relation import InputTable, lineage_of
from mesh_dagster.model.lineage import ColumnLineage, Evidence, Use

TABLES = {"t": ("a", "b", "c"), "u": ("a", "d", "e")}
Data = dict[str, dict[str, list[int | None]]]
Frames = Mapping[str, pl.LazyFrame]
Plan = Callable[[Frames], pl.LazyFrame]
VALUES = st.one_of(st.none(), st.integers(0, 4))
START: Data = {
    "t": {"a": [1, 2, 2, 4], "b": [2, 1, 3, 4], "c": [3, 0, 1, 4]},
    "u": {"a": [1, 2, 3, 3], "d": [2, 4, 1, 0], "e": [2, 3, 1, 1]},
}
col = pl.col


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frames, list[InputTable]]:
    folder: Path = tmp_path_factory.mktemp("inputs")
    frames, tables = {}, []
    for name, data in START.items():
        path = folder / f"{name}.parquet"
        pl.DataFrame(data).write_parquet(path)
        frames[name] = pl.scan_parquet([str(path)])
        tables.append(InputTable(name, TABLES[name], files=(str(path),)))
    return frames, tables


def frames_of(data: Data) -> Frames:
    return {
        name: pl.LazyFrame(columns, schema=dict.fromkeys(columns, pl.Int64))
        for name, columns in data.items()
    }


def values(plan: Plan, data: Data) -> dict[str, list[str]]:
    """The values of each column, in no order: that of a join is another each time."""
    frame = plan(frames_of(data)).collect()
    return {name: sorted(repr(each) for each in frame[name].to_list()) for name in frame.columns}


def names(lineage: ColumnLineage, output: str, table: str, column: str) -> bool:
    made = lineage.columns[output]
    if made is None or lineage.rows is None:
        return True
    return any((each.source, each.column) == (table, column) for each in (*made, *lineage.rows))


def check(plan: Plan, scanned: tuple[Frames, list[InputTable]], data: Data, new: list[Any]) -> None:
    frames, tables = scanned
    before = values(plan, data)
    relation = relation_from_plan(plan(frames), tables)
    lineage = lineage_of(relation, list(before), Evidence.PLAN)
    for table, columns in TABLES.items():
        for column in columns:
            length = len(data[table][column])
            changed = [new[at % len(new)] for at in range(length)]
            other = {**data, table: {**data[table], column: changed}}
            try:
                after = values(plan, other)
            except pl.exceptions.PolarsError:
                continue
            for output in before:
                if before[output] != after.get(output):
                    assert names(lineage, output, table, column), f"{output} of {table}.{column}"


@st.composite
def expressions(draw: st.DrawFn, names: list[str], depth: int = 2) -> pl.Expr:
    if depth == 0:
        return draw(st.sampled_from([*(col(name) for name in names), pl.lit(1)]))
    one, other = draw(expressions(names, depth - 1)), draw(expressions(names, depth - 1))
    third = col(draw(st.sampled_from(names)))
    return draw(
        st.sampled_from(
            [
                one,
                one + other,
                pl.coalesce(one, other),
                pl.when(one > other).then(third).otherwise(one),
                pl.max_horizontal(one, other),
                one.fill_null(other),
                one.is_between(other, third).cast(pl.Int64),
                third.sum().over(one, order_by=None),
                third.shift(1).over(draw(st.sampled_from(names))),
                third.cum_sum(),
                third.rank().cast(pl.Int64),
                pl.struct(one.alias("x"), other.alias("y")).struct.field("y"),
                third.is_in(other.implode()).cast(pl.Int64),
            ]
        )
    )


@st.composite
def aggregates(draw: st.DrawFn, names: list[str]) -> pl.Expr:
    one, other = draw(expressions(names, 1)), col(draw(st.sampled_from(names)))
    return draw(
        st.sampled_from(
            [
                one.sum(),
                pl.len(),
                other.count(),
                other.filter(one > 1).sum(),
                other.sort_by(one).first(),
                other.n_unique(),
                other.max() - one.min(),
                other.arg_max(),
            ]
        )
    )


def step(frame: pl.LazyFrame, draw: st.DrawFn, frames: Frames, number: int) -> pl.LazyFrame:
    names = frame.collect_schema().names()
    new = f"n{number}"
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return frame.filter(draw(expressions(names)) > 1)
    if kind == 1:
        return frame.with_columns(draw(expressions(names)).alias(new))
    if kind == 2:
        kept = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        return frame.select(*kept, draw(expressions(names)).alias(new))
    if kind == 3:
        keys = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        return frame.group_by(keys, maintain_order=True).agg(
            draw(aggregates(names)).alias(new), draw(aggregates(names)).alias(f"m{number}")
        )
    if kind == 4:
        how: Any = draw(st.sampled_from(["inner", "left", "full", "right", "semi", "anti"]))
        return frame.join(
            frames[draw(st.sampled_from(["t", "u"]))],
            left_on=draw(st.sampled_from(names)),
            right_on=draw(st.sampled_from(["a"])),
            how=how,
            suffix=f"_{number}",
            maintain_order="left_right" if how not in ("semi", "anti") else "left",
            coalesce=draw(st.sampled_from([True, False]))
            if how in ("left", "full", "right")
            else None,
        )
    if kind == 5:
        by = draw(st.sampled_from(names))
        return frame.sort(by, maintain_order=True).head(draw(st.integers(1, 3)))
    if kind == 6:
        subset = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        return frame.unique(subset, keep="first", maintain_order=True)
    if kind == 7:
        one = draw(st.sampled_from(names))
        return frame.rename({one: new})
    if kind == 8:
        swapped = frame.select(*reversed(names)).rename(
            dict(zip(reversed(names), names, strict=True))
        )
        return pl.concat([frame, swapped.filter(col(names[0]) > 1)], how="vertical_relaxed")
    return frame.select(draw(aggregates(names)).alias(new), draw(aggregates(names)).alias("last"))


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data(), new=st.lists(VALUES, min_size=2, max_size=4))
def test_whatever_changes_an_output_is_named(
    scanned: tuple[Frames, list[InputTable]], drawn: st.DataObject, new: list[int | None]
) -> None:
    choices: list[Any] = []

    def plan(frames: Frames) -> pl.LazyFrame:
        """The same steps again, over other frames."""
        left = iter(list(choices)) if choices else None

        def draw(strategy: Any) -> Any:
            if left is not None:
                return next(left)
            choices.append(drawn.draw(strategy))
            return choices[-1]

        frame = frames["t"]
        for number in range(draw(st.integers(1, 4))):
            frame = step(frame, draw, frames, number)
        return frame

    try:
        plan(scanned[0])
        values(plan, START)
    except pl.exceptions.PolarsError:
        return
    note(plan(scanned[0]).explain(optimized=False))
    check(plan, scanned, START, new)


PLANS: dict[str, Plan] = {
    "as of": lambda f: (
        f["t"].sort("a").join_asof(f["u"].sort("a"), on="a", by_left="b", by_right="d")
    ),
    "as of, by one name": lambda f: (
        f["t"].sort("b").join_asof(f["u"].sort("d"), left_on="b", right_on="d", by="a")
    ),
    "right": lambda f: f["t"].join(f["u"], left_on="b", right_on="a", how="right"),
    "where": lambda f: f["t"].join_where(f["u"].rename({"a": "z"}), col("b") > col("d")),
    "dynamic": lambda f: f["t"].sort("a").group_by_dynamic("a", every="2i").agg(col("b").sum()),
    "rolling": lambda f: f["t"].sort("a").rolling("a", period="2i").agg(col("b").sum()),
    "unpivot": lambda f: f["t"].unpivot(["a", "b"], index="c"),
    "pivot": lambda f: f["t"].pivot(
        "a", on_columns=[1, 2], index="c", values="b", aggregate_function="sum"
    ),
    "explode": lambda f: f["t"].group_by("a", maintain_order=True).agg("b").explode("b"),
    "unnest": lambda f: f["t"].select(pl.struct("a", "b").alias("s"), "c").unnest("s"),
    "side by side": lambda f: pl.concat([f["t"].sort("b"), f["u"].select("d")], how="horizontal"),
    "row index": lambda f: f["t"].filter(col("b") > 1).with_row_index(),
    "top": lambda f: f["t"].top_k(2, by="c"),
    "one shorter": lambda f: f["t"].select(pl.lit(1).alias("one"), col("a").filter(col("b") > 1)),
    "gathered": lambda f: f["t"].select(col("a").gather(col("b").arg_min().over(pl.lit(1)) % 2)),
    "drop nulls": lambda f: f["t"].drop_nulls("b").select("a"),
    "merge sorted": lambda f: (
        f["t"].sort("a").select("a").merge_sorted(f["u"].sort("a").select("a"), "a")
    ),
    "sql": lambda f: pl.SQLContext(dict(f)).execute(
        "select t.a, sum(u.d) as s from t join u using (a) where t.b > 1 group by t.a "
        "order by s limit 1"
    ),
    "cached": lambda f: (c := f["t"].filter(col("a") > 1).cache()).join(c, on="b", suffix="_2"),
}


@pytest.mark.parametrize("name", PLANS)
def test_forms_of_polars_are_read_soundly(
    name: str, scanned: tuple[Frames, list[InputTable]]
) -> None:
    plan = PLANS[name]
    relation = relation_from_plan(plan(scanned[0]), scanned[1])
    assert relation.made is not None
    assert relation.rows is not None
    for new in ([4, 0], [0, 3, 2, 1], [None, 1]):
        check(plan, scanned, START, new)


def test_what_python_does_is_unknown_and_nothing_else_is(
    scanned: tuple[Frames, list[InputTable]],
) -> None:
    frame = scanned[0]["t"].with_columns(
        col("b").map_batches(lambda values: values + 1, return_dtype=pl.Int64)
    )
    relation = relation_from_plan(frame, scanned[1])
    found = lineage_of(relation, ["a", "b", "c"], Evidence.PLAN)
    assert found.columns["b"] is None
    assert [each.use for each in found.columns["a"] or ()] == [Use.IDENTITY]
    assert found.rows == ()


@pytest.mark.parametrize(
    "plan",
    [
        lambda f: f["t"].map_batches(lambda frame: frame),
        lambda f: f["t"].collect().lazy(),
        lambda f: pl.LazyFrame({"a": [1], "b": [2]}),
    ],
)
def test_a_frame_from_elsewhere_is_unknown(
    plan: Plan, scanned: tuple[Frames, list[InputTable]]
) -> None:
    relation = relation_from_plan(plan(scanned[0]), scanned[1])
    assert {made for _, made in relation.columns} == {None}
    assert relation.rows is None
    assert lineage_of(relation, relation.names, Evidence.PLAN).evidence is None


def test_an_input_without_a_file_is_known_by_its_columns() -> None:
    table = InputTable("t", ("a", "b"))
    frame = pl.LazyFrame(schema={"a": pl.Int64, "b": pl.Int64}).select("b")
    assert dict(relation_from_plan(frame, [table]).columns) == {"b": table.column("b")}


def test_an_expression_that_nobody_knows_the_parts_of_is_unknown(
    scanned: tuple[Frames, list[InputTable]],
) -> None:
    more = pl.struct("a").struct.with_fields(col("b").alias("y"))
    frame = scanned[0]["t"].with_columns(more.alias("c"))
    found = lineage_of(relation_from_plan(frame, scanned[1]), ["a", "b", "c"], Evidence.PLAN)
    assert found.columns["c"] is None
    assert [each.use for each in found.columns["a"] or ()] == [Use.IDENTITY]
    assert found.rows == ()
    alone = relation_from_plan(scanned[0]["t"].select(more.alias("c")), scanned[1])
    assert (alone.made, alone.rows) == (None, None)
