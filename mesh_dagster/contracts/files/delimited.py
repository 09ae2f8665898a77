"""CSV: one scan over all files of a table, every field a text until its column says as what.

An empty field is null; `""`, quoted, is the empty text in a column of texts and null in any
other. Files may have other columns, and in another order: they are united by name.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from mesh_dagster.contracts.files.endless import demand_records
from mesh_dagster.contracts.files.formats import Format, demand
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.opened import RAW, Opened
from mesh_dagster.contracts.files.parsing import given, parsed, pattern_of
from mesh_dagster.contracts.files.spool import Spool, as_utf8, texts
from mesh_dagster.contracts.files.targets import target
from mesh_dagster.errors import EvaluationError, UsageError, first_line
from mesh_dagster.model.contract import SchemaObject, names_others
from mesh_dagster.model.types import Kind

LONGEST_HEADER = 4 << 20
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*", re.ASCII)
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV is written."""

    delimiter: str
    quote: str | None = '"'
    header: bool = True
    encoding: str | None = None
    compression: str | None = None
    nulls: tuple[str, ...] = ()
    """What is written where nothing is, such as NA."""


def open_delimited(data: DataSet, spool: Spool) -> Opened:
    """The rows of CSV files. Raises `EvaluationError` where they have no usable header."""
    known = [each.column for each in data.table.properties]
    groups: dict[tuple[tuple[str, ...], Dialect], list[Path]] = {}
    originals: list[tuple[Path, Dialect]] = []
    for path in data.paths:
        demand(path, Format.CSV)
        first, dialect = _beginning(path, data, known, spool)
        originals.append((path, dialect))
        names = _names(first, known, dialect, path)
        plain = as_utf8(path, dialect.encoding, dialect.compression, spool)
        demand_records(plain, path, dialect.quote)
        groups.setdefault((names, dialect), []).append(plain)
    scans = [_scan(paths, names, dialect) for (names, dialect), paths in groups.items()]
    rows = scans[0] if len(scans) == 1 else pl.concat(scans, how="diagonal")
    spool.say(f"reading {data.table.name}")
    diagnose = partial(_diagnose, originals)
    frame, raw = typed(_whole(rows, diagnose, data.paths[0]), data.table)
    return Opened(frame, raw, is_text=True, diagnose=diagnose)


def _whole(rows: pl.LazyFrame, diagnose: Callable[[], None], path: Path) -> pl.LazyFrame:
    """The same rows, all fields of which were looked at: scans skip what rules do not ask for.

    Lines without any value are no rows; they are mostly what an editor left at the end.
    """
    nothing = pl.all_horizontal(pl.all().is_null())
    try:
        blank = rows.select(nothing.sum()).collect(engine="streaming").item()
    except pl.exceptions.PolarsError as error:
        diagnose()
        told = f"{path} cannot be read as CSV: {first_line(error)}"
        raise EvaluationError(told, code="MESH-C024") from error
    several = len(rows.collect_schema()) > 1
    return rows.filter(~nothing) if blank and several else rows


def typed(rows: pl.LazyFrame, table: SchemaObject) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Texts as the contract's types, beside the texts themselves, which `raw` names."""
    present = set(rows.collect_schema().names())
    values: list[pl.Expr] = []
    raw = {}
    for column in table.properties:
        type_ = target(column)
        if column.column not in present or type_ is None or type_.kind is Kind.STRING:
            continue
        name = RAW + column.column
        text = given(pl.col(column.column))
        value = parsed(text, type_, pattern_of(column))
        raw[column.column] = name
        values += [text.alias(name), value.alias(column.column)]
    return rows.with_columns(values) if values else rows, raw


def _beginning(
    path: Path, data: DataSet, known: Sequence[str], spool: Spool
) -> tuple[list[str], Dialect]:
    """The first record of a file, and the dialect in which that makes the most sense."""
    server = data.server
    encoding = server.text("encoding") if server else None
    compression = server.text("compression") if server else None
    quote = server.text("quote", "quotechar", "quoteChar") if server else None
    header = server.flag("header") if server else None
    stated = server.delimiter if server else None
    head = _head(texts(path, encoding, compression), path)
    delimiter = stated or _sniffed(head, known, path)
    if len(delimiter) != 1 or len(delimiter.encode()) != 1:
        raise UsageError(f"the delimiter {delimiter!r} is not one character", code="MESH-C022")
    nulls = server.texts("nullValues") if server else ()
    dialect = Dialect(delimiter, quote or '"', header is not False, encoding, compression, nulls)
    first = _first_record(head, dialect, path)
    if header is None and _is_data(first, known):
        spool.note(f"{path} has no header: its columns are taken for the contract's, in order")
        dialect = replace(dialect, header=False)
    return first, dialect


def _is_data(first: Sequence[str], known: Sequence[str]) -> bool:
    """Whether a first line is no header: none of its names is known, and one is a number."""
    plausible = len(first) == len(known) and not {each.strip() for each in first} & set(known)
    return plausible and any(_NUMBER.fullmatch(each.strip()) for each in first)


def _head(blocks: Iterable[str], path: Path) -> str:
    """A text's beginning, up to the end of its first line that is not inside quotes."""
    head = ""
    for block in blocks:
        head += block
        if any(head.count('"', 0, at) % 2 == 0 for at in _line_ends(head)):
            return head
        if len(head) > LONGEST_HEADER:
            raise EvaluationError(
                f"the first line of {path} is longer than {LONGEST_HEADER >> 20} MB",
                code="MESH-C024",
                where=f"{path}:1",
                fix="is it a CSV? Name the file by what it is",
            )
    return head


def _line_ends(text: str) -> Iterator[int]:
    at = text.find("\n")
    for _ in range(1000):
        if at < 0:
            return
        yield at
        at = text.find("\n", at + 1)


def _sniffed(head: str, known: Sequence[str], path: Path) -> str:
    """The delimiter that gives the most of the contract's columns, else the most columns."""
    wanted = set(known)

    def score(delimiter: str) -> tuple[int, int]:
        fields = _first_record(head, Dialect(delimiter), path)
        return len(wanted & {each.strip() for each in fields}), len(fields)

    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(_DELIMITERS, key=score)


def _first_record(head: str, dialect: Dialect, path: Path) -> list[str]:
    lines = head.splitlines(keepends=True)
    try:
        for record in csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote):
            if record:
                return record
    except csv.Error as error:
        raise EvaluationError(
            f"the first line of {path} is no CSV: {error}", code="MESH-C024", where=f"{path}:1"
        ) from None
    return []


def _names(first: list[str], known: Sequence[str], dialect: Dialect, path: Path) -> tuple[str, ...]:
    """The columns of a file: as its header names them, else the contract's in their order."""
    if not dialect.header:
        extra = [f"column_{at + 1}" for at in range(len(known), len(first))]
        return (*known[: len(first)], *extra)
    names = [each.strip() for each in first]
    if not any(names):
        raise EvaluationError(
            f"the first line of {path} is blank: there is not even a header", code="MESH-C023"
        )
    counted = Counter(names)
    twice = [name for name, count in counted.items() if count > 1 and name]
    if twice:
        places = ", ".join(str(at + 1) for at, name in enumerate(names) if name == twice[0])
        raise EvaluationError(
            f"the header of {path} has {twice[0]!r} {counted[twice[0]]} times (columns {places}): "
            "which one the contract means cannot be told",
            code="MESH-C025",
            where=f"{path}:1",
            fix="give each column a name of its own",
        )
    if pattern := next((name for name in names if names_others(name)), None):
        raise EvaluationError(
            f"the header of {path} has {pattern[:60]!r}, which is named like a pattern",
            code="MESH-C025",
            where=f"{path}:1",
        )
    return tuple(first)


def _scan(paths: list[Path], names: tuple[str, ...], dialect: Dialect) -> pl.LazyFrame:
    """All fields as texts. `names` are the header's own; a column's has no blanks around it."""
    cleaned = [name.strip() or f"column_{at + 1}" for at, name in enumerate(names)]
    written = [name.replace('"', '""') for name in names]
    rows = pl.scan_csv(
        paths,
        has_header=dialect.header,
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        null_values=list(dialect.nulls) or None,
        schema=dict.fromkeys(written, pl.String),
        missing_columns="insert",
        glob=False,
    )
    return rows.rename(dict(zip(written, cleaned, strict=True)))


def _diagnose(files: Sequence[tuple[Path, Dialect]]) -> None:
    """Read as slowly as it takes to name the line that a scan choked on."""
    for path, dialect in files:
        width: int | None = None
        lines = _lines(texts(path, dialect.encoding, dialect.compression))
        reader = csv.reader(
            lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True
        )
        before = 0
        try:
            for record in reader:
                width = width or len(record)
                if len(record) > width:
                    told = f"has {len(record)} fields where its header has {width}"
                    raise _broken(path, before + 1, told)
                before = reader.line_num
        except csv.Error as error:
            raise _broken(path, before + 1, f"is no CSV: {error}") from None


def _lines(blocks: Iterable[str]) -> Iterator[str]:
    rest = ""
    for block in itertools.chain(blocks, [""]):
        text = rest + block
        parts = text.split("\n")
        rest = parts.pop()
        yield from (part + "\n" for part in parts)
    if rest:
        yield rest


def _broken(path: Path, line: int, told: str) -> EvaluationError:
    return EvaluationError(
        f"{path} cannot be read as CSV: line {line:,} {told}",
        code="MESH-C024",
        where=f"{path}:{line}",
        fix="mend that line, or say in the contract's server how the file is written "
        "(delimiter, quote, encoding)",
    )
