"""Which type the texts of a file without types are: by parse, and every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mesh_dagster.contracts.audit.data.frame import stream
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.parsing import given, parsed
from mesh_dagster.model.types import ColumnType, Kind

GLANCE = 10_000
"""Rows from which the type to try is guessed; all rows decide."""

FEW = 100
"""So many whole numbers, seen as text, do not promise that the next one is whole too."""

_STAND_INS = {"NA", "N/A", "n/a", "NULL", "null", "None", "nan", "NaN", "-", "?", "\\N", "#N/A"}
"""What people write for a missing value."""

_NUMBER = r"^[+-]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?$"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A type, and which of the texts that can be read as one are meant so by people."""

    pattern: str
    type: ColumnType

    def fits(self, text: pl.Expr) -> pl.Expr:
        """Null for a null."""
        likely = pl.when(text.str.contains(self.pattern)).then(text)
        return self.read(likely).is_not_null() | text.is_null()

    def read(self, text: pl.Expr) -> pl.Expr:
        return parsed(text, self.type)


_MOMENTS = {
    "date": _Candidate("", ColumnType(Kind.DATE)),
    "timestamp": _Candidate("[ T].*(Z|[+-][0-9:]+)$", ColumnType(Kind.TIMESTAMPTZ)),
    "local": _Candidate("[ T][0-9:.]+$", ColumnType(Kind.TIMESTAMP)),
}
_CANDIDATES = {
    "boolean": _Candidate(r"^(?i:true|false)$", ColumnType(Kind.BOOLEAN)),
    # A leading zero is part of a text: 01234 is a postal code.
    "integer": _Candidate(r"^[+-]?(0|[1-9][0-9]*)$", ColumnType(Kind.LONG)),
    "number": _Candidate(_NUMBER, ColumnType(Kind.DOUBLE)),
    **_MOMENTS,
}
"""In the order in which they are tried. In JSON only moments stand in texts."""


def retyped(
    rows: pl.LazyFrame, form: Format | None = Format.CSV, *, few: int = FEW
) -> pl.LazyFrame:
    """The same rows, each column of texts as the type that all of its texts are.

    A column of texts only stays one, and so does one with no value at all. Fewer whole numbers
    than `few` are numbers. In a format with types (None) all columns have theirs.
    """
    if form is None:
        return rows
    names = [name for name, dtype in rows.collect_schema().items() if dtype == pl.String]
    texts = rows.select(_text(name, form) for name in names)
    tried = list(_CANDIDATES if form is Format.CSV else _MOMENTS)
    head = _fitting(texts.head(GLANCE), dict.fromkeys(names, tried))
    likely = {name: kinds for name, found in head.items() if (kinds := _worth_trying(found))}
    chosen: dict[str, str] = {}
    while likely:  # mostly once: what the first rows are, the others are too
        found = _fitting(texts, {name: kinds[:1] for name, kinds in likely.items()})
        chosen |= {name: kind for name, fits in found.items() if (kind := _chosen(fits, few))}
        likely = {
            name: kinds[1:]
            for name, kinds in likely.items()
            if found[name].seen and name not in chosen and kinds[1:]
        }
    return rows.with_columns(
        _CANDIDATES[kind].read(_text(name, form)) for name, kind in chosen.items()
    )


def _text(name: str, form: Format) -> pl.Expr:
    """As an audit takes it: blanks around a field of a CSV do not count."""
    return (given(pl.col(name)) if form is Format.CSV else pl.col(name)).alias(name)


def stand_ins(rows: pl.LazyFrame) -> dict[str, str]:
    """Columns of texts that would be of another type, were it not for words such as NA.

    By column what to say of it; from the first rows only, since it is a remark.
    """
    texts = [name for name, dtype in rows.collect_schema().items() if dtype == pl.String]
    head = stream(rows.select(texts).head(GLANCE))
    words = {name: found for name in texts if (found := _words(head[name]))}
    without = head.lazy().select(
        pl.when(~pl.col(name).is_in(words[name])).then(pl.col(name)).alias(name) for name in words
    )
    told = {}
    candidates = {name: list(_CANDIDATES) for name in words}
    for name, fitting in _fitting(without, candidates).items():
        if kind := _chosen(fitting):
            shown = ", ".join(map(repr, words[name]))
            told[name] = (
                f"{shown} keeps it from being of type {kind}: write a missing value as nothing"
            )
    return told


def _words(texts: pl.Series) -> list[str]:
    found = set(texts.drop_nulls().unique().to_list())
    return sorted(found & _STAND_INS) if len(found) > len(found & _STAND_INS) else []


@dataclass(frozen=True, slots=True)
class _Seen:
    seen: int
    misfits: Mapping[str, int]


def _worth_trying(found: _Seen) -> list[str]:
    """What no text of the first rows speaks against."""
    return [kind for kind, misfits in found.misfits.items() if misfits == 0]


def _fitting(texts: pl.LazyFrame, tried: Mapping[str, list[str]]) -> dict[str, _Seen]:
    """How many texts of each column there are, and how many do not fit each candidate."""
    if not tried:
        return {}
    measures = []
    for at, (name, kinds) in enumerate(tried.items()):
        measures.append(pl.col(name).count().alias(f"{at}"))
        for kind in kinds:
            misfits = (~_CANDIDATES[kind].fits(pl.col(name))).sum()
            measures.append(misfits.alias(f"{at}:{kind}"))
    row = stream(texts.select(measures)).row(0, named=True)
    return {
        name: _Seen(row[f"{at}"], {kind: row[f"{at}:{kind}"] for kind in kinds})
        for at, (name, kinds) in enumerate(tried.items())
    }


def _chosen(found: _Seen, few: int = FEW) -> str | None:
    kinds = _worth_trying(found)
    if not kinds or not found.seen:
        return None
    return "number" if kinds[0] == "integer" and found.seen < few else kinds[0]
