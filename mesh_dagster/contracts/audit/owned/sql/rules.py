"""Rules that are queries: planned, run and held against what the contract says of the answer.

A query runs in a process of its own (`worker`), on DuckDB, over Parquet files with those
columns of the data under audit that the queries name: written once for all of them, in a
stream, into a folder that is gone afterwards. So it reads nothing else, can be stopped within
any function, and data of every engine and format is seen as all other rules see it. On Spark
the query runs where the data is, by Spark, over temporary views.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.audit.counts import Answer, Answers
from mesh_dagster.contracts.audit.data.frame import WINDOW, Frame
from mesh_dagster.contracts.audit.data.windows import of_windows, own_columns, windows_by_key
from mesh_dagster.contracts.audit.owned.sql.process import Limits, Stopped, Worker
from mesh_dagster.contracts.rules.kinds import Sql
from mesh_dagster.errors import EvaluationError, first_line
from mesh_dagster.ports.sql import literal, quoted

Key = str | None

_MOST = 2**63 - 1
"""What a count is stored as at most."""


@dataclass(slots=True)
class _Table:
    """A table that queries may read: its data, and which of its columns are asked for."""

    frame: Frame
    columns: tuple[str, ...]
    asked: set[str] = field(default_factory=set)
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    sql: str
    reads: tuple[str, ...]


def answers_of_queries(
    rules: Sequence[Sql],
    frame: Frame,
    keys: Sequence[Key],
    rows: Mapping[Key, int],
    *,
    tables: Mapping[str, Any],
    limits: Limits,
) -> dict[str, Answers]:
    """What each query answers of each of the partitions `keys`, of so many `rows`.

    In a partition a query sees the rows of that partition alone; other `tables` it sees whole.
    What a query runs into is its own answer.
    """
    if not rules:
        return {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mesh-sql-")))
        worker = stack.enter_context(Worker(folder, limits))
        desk = _Desk(worker, frame, rules, tables, folder=folder, limits=limits)
        return {rule.id: _answers(desk, rule, keys, rows) for rule in rules}


def _answers(desk: _Desk, rule: Sql, keys: Sequence[Key], rows: Mapping[Key, int]) -> Answers:
    found: dict[Key, Answer | str] = {}
    for key in keys:
        try:
            said = desk.run(rule, key)
        except Stopped as stopped:
            said = {"error": str(stopped)}
        except Exception as error:  # noqa: BLE001 - any engine's, whatever it raises
            said = {"error": first_line(error)}
        found[key] = judged(rule, said, rows[key])
        if "error" in said:
            # What took too long once is not waited for again.
            found |= {other: found[key] for other in keys if other not in found}
            break
    return found


class _Desk:
    """The queries of one audit, planned together so that each table is written once."""

    def __init__(
        self,
        worker: Worker,
        frame: Frame,
        rules: Sequence[Sql],
        tables: Mapping[str, Any],
        *,
        folder: Path,
        limits: Limits,
    ) -> None:
        self._worker, self._frame, self._folder, self._limits = worker, frame, folder, limits
        self._own = _Table(frame, own_columns(frame))
        others = {name: _other(data) for name, data in tables.items()}
        self._others = {name: each for name, each in others.items() if isinstance(each, _Table)}
        self._absent = {name: each for name, each in others.items() if isinstance(each, str)}
        self._spark = frame.rows.implementation.is_pyspark()
        self._windows: dict[Key, list[Any]] | None = None
        self._plans = {rule.id: self._planned(rule) for rule in rules}

    def run(self, rule: Sql, key: Key) -> Mapping[str, Any]:
        """What one query says of one partition."""
        planned = self._plans[rule.id]
        if not isinstance(planned, _Planned):
            return planned
        tables = self._tables(rule)
        if self._spark:
            return self._on_spark(planned, tables, key)
        views = {name: self._view(tables[name], key) for name in planned.reads}
        seconds = self._limits.seconds
        return self._worker.ask(do="run", sql=planned.sql, views=views, seconds=seconds)

    def _tables(self, rule: Sql) -> dict[str, _Table]:
        return self._others | dict.fromkeys(rule.tables, self._own)

    def _planned(self, rule: Sql) -> _Planned | Mapping[str, Any]:
        tables = self._tables(rule)
        path = None
        if rule.path is not None and rule.level is None:
            path = [rule.path.column, *rule.path.fields]
        elif rule.path is None and rule.column is not None:
            path = [rule.column]
        asked = {
            "query": rule.query,
            "dialect": rule.dialect,
            "own": rule.tables,
            "path": path,
            "tables": {name: table.columns for name, table in tables.items()},
            "absent": self._absent,
            "write": "spark" if self._spark else "duckdb",
            "views": _names_on_spark(tables) if self._spark else None,
        }
        try:
            said = self._worker.ask(do="plan", **asked)
        except Stopped as stopped:
            return {"error": f"it could not be read: {stopped}"}
        if "needs" not in said:
            return said
        for name, columns in said["needs"].items():
            tables[name].asked.update(columns)
        return _Planned(said["sql"], tuple(said["needs"]))

    def _view(self, table: _Table, key: Key) -> str:
        """A table as DuckDB has it: the columns that any query asks for, of one partition."""
        if table.file is None:
            table.file = self._written(table)
        named = [quoted(name) for name in table.columns if name in table.asked] or ["1 as row"]
        body = f"select {', '.join(named)} from read_parquet({literal(str(table.file))})"  # noqa: S608
        if table is not self._own or key is None:
            return body
        windows = self._by_key.get(key, [])
        if not windows:
            return f"{body} where false"
        return f"{body} where {quoted(WINDOW)} in ({', '.join(map(_window, windows))})"

    @property
    def _by_key(self) -> dict[Key, list[Any]]:
        if self._windows is None:
            self._windows = windows_by_key(self._frame)
        return self._windows

    def _written(self, table: _Table) -> Path:
        asked = [name for name in table.columns if name in table.asked]
        frame = table.frame
        if not asked and frame.window is None:
            asked = [next(iter(frame.schema))]
        rows = frame.select(*asked)
        path = self._folder / f"table{sum(each.file is not None for each in self._all)}.parquet"
        native = rows.to_native()
        if frame.is_polars:
            # A footer leaves NaN out, and DuckDB would leave out the rows that hold one.
            floats = "Float" in str(native.collect_schema().dtypes())
            native.sink_parquet(path, compression="lz4", statistics=not floats)
        else:
            rows.sink_parquet(path)
        return path

    @property
    def _all(self) -> Iterator[_Table]:
        yield self._own
        yield from self._others.values()

    def _on_spark(
        self, planned: _Planned, tables: Mapping[str, _Table], key: Key
    ) -> Mapping[str, Any]:
        from mesh_dagster.contracts.audit.owned.sql.spark import on_spark

        names = _names_on_spark(tables)
        views = {}
        for name in planned.reads:
            rows = tables[name].frame.rows
            if tables[name] is self._own and key is not None:
                rows = of_windows(self._frame, self._by_key.get(key, []))
            views[names[name]] = rows.to_native()
        return on_spark(planned.sql, views, self._limits.seconds)


def judged(rule: Sql, said: Mapping[str, Any], rows: int) -> Answer | str:
    """The answer of a query, held against the rule; a text says why there is none."""
    dialect = f"as {rule.dialect} SQL"
    if "absent" in said:
        return str(said["absent"])
    if "refused" in said:
        read = "" if dialect in said["refused"] else f" (read {dialect})"
        told = f"{rule.message}: the query was not run, {said['refused']}{read}"
        return Answer(kept=False, message=told, checked=None, failed=1)
    if "unfit" in said:
        told = f"{rule.message}: the query does not fit the data {dialect}, {said['unfit']}"
        return Answer(kept=False, message=told, checked=None, failed=1)
    if "error" in said:
        return f"the query failed {dialect}, {said['error']}"
    if "shape" in said:
        told = f"{rule.message}: the query returned {said['shape']}, and one value is asked for"
        return Answer(kept=False, message=told, checked=rows, failed=1)
    kept, wanted = _kept(rule, said)
    value = said.get("value")
    shown = "null" if said["kind"] == "null" else f"{value!r}" if said["kind"] == "text" else value
    message = f"{rule.message}: the query returned {shown}; the contract says {wanted}"
    return Answer(kept=kept, message=message, checked=rows, failed=_failed(rule, said, kept=kept))


def _kept(rule: Sql, said: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the answer is as the contract says, and what it says."""
    kind, value = said["kind"], said.get("value")
    if rule.equals is not None:
        wanted = rule.equals.value
        same = _same(wanted, kind, value)
        return same is not rule.equals.negated, str(rule.equals)
    if rule.bound is None:
        return kind == "boolean" and value is True, "that it is true"
    if kind == "boolean":
        return rule.bound.holds(Fraction(int(value or 0))), str(rule.bound)
    number = _number(kind, value)
    if number is None:
        return False, f"{rule.bound}, which only a number can be"
    return rule.bound.holds(number), str(rule.bound)


def _same(wanted: Any, kind: str, value: Any) -> bool:
    match wanted:
        case None:
            return kind == "null"
        case bool():
            return kind == "boolean" and value is wanted
        case datetime() | date():
            return kind == "text" and value == wanted.isoformat()
    return kind in ("text", "number") and value == str(wanted)


def _number(kind: str, value: Any) -> Fraction | None:
    if kind not in ("number", "text"):
        return None
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None


def _failed(rule: Sql, said: Mapping[str, Any], *, kept: bool) -> int:
    """A query that has to answer 0 counts what is wrong; of others it is known that they do."""
    counts = rule.bound is not None and not any(rule.bound.numbers)
    value = str(said.get("value"))
    if counts and not kept and said["kind"] == "number" and value.isdecimal():
        return min(int(value), _MOST)
    return int(not kept)


def _other(data: Any) -> _Table | str:
    """Another table, or why it is not at hand."""
    if isinstance(data, str):
        return data
    try:
        frame = Frame.of(data)
    except EvaluationError as error:
        return first_line(error)
    return _Table(frame, own_columns(frame))


def _names_on_spark(tables: Mapping[str, _Table]) -> dict[str, str]:
    return {name: f"__mesh_sql_{number}" for number, name in enumerate(tables)}


def _window(window: Any) -> str:
    match window:
        case datetime() if window.tzinfo is not None:
            return f"timestamptz {literal(window.isoformat())}"
        case datetime():
            return f"timestamp {literal(window.isoformat())}"
        case date():
            return f"date {literal(window.isoformat())}"
    return literal(str(window))
