"""Which type the texts of a file without types are: by parse, and every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mesh_dagster.contracts.audit.data.frame import stream

GLANCE = 10_000
"""Rows from which the type to try is guessed; all rows decide."""

FEW = 100
"""So many whole numbers, seen as text, do not promise that the next one is whole too."""

_STAND_INS = {"NA", "N/A", "n/a", "NULL", "null", "None", "nan", "NaN", "-", "?", "\\N", "#N/A"}
"""What people write for a missing value."""

_NUMBER = r"^[+-]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"


@dataclass(frozen=True, slots=True)
class _Reading:
    """A way to read a text, and the texts that may be read so."""

    pattern: str
    dtype: pl.DataType

    def fits(self, text: pl.Expr) -> pl.Expr:
        """Null for a null."""
        return text.str.contains(self.pattern) & (self.read(text).is_not_null() | text.is_null())

    def read(self, text: pl.Expr) -> pl.Expr:
        if isinstance(self.dtype, pl.Boolean):
            return text.str.to_lowercase().replace_strict(
                {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
            )
        if isinstance(self.dtype, pl.Datetime):
            zoned = self.dtype.time_zone is not None
            plain = text.str.replace(" ", "T", literal=True)
            form = "%Y-%m-%dT%H:%M:%S%.f" + ("%#z" if zoned else "")
            return plain.str.to_datetime(
                form, time_unit="us", time_zone=self.dtype.time_zone, strict=False
            )
        if isinstance(self.dtype, pl.Date):
            return text.str.to_date("%Y-%m-%d", strict=False)
        return text.cast(self.dtype, strict=False)


_READINGS = {
    "boolean": _Reading(r"^(?i:true|false)$", pl.Boolean()),
    # A leading zero is part of a text: 01234 is a postal code.
    "integer": _Reading(r"^[+-]?(0|[1-9][0-9]{0,18})$", pl.Int64()),
    "number": _Reading(_NUMBER, pl.Float64()),
    "date": _Reading(_DATE, pl.Date()),
    "timestamp": _Reading(_MOMENT + r"(Z|[+-][0-9]{2}:?[0-9]{2})$", pl.Datetime("us", "UTC")),
    "local": _Reading(_MOMENT + "$", pl.Datetime("us")),
}
"""In the order in which they are tried."""


def parsed(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows, each column of texts as the type that all of its texts are.

    A column of texts only stays one, and so does one with no value at all.
    """
    schema = rows.collect_schema()
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    if not texts:
        return rows
    head = rows.select(texts).head(GLANCE)
    candidates = {name: _worth_trying(found) for name, found in _fitting(head, None).items()}
    found = {name: kinds for name, kinds in _fitting(rows, candidates).items() if kinds.seen}
    chosen = {name: kind for name, kinds in found.items() if (kind := _chosen(kinds))}
    return rows.with_columns(
        _READINGS[kind].read(pl.col(name)).alias(name) for name, kind in chosen.items()
    )


def stand_ins(rows: pl.LazyFrame) -> dict[str, str]:
    """Columns of texts that would be of another type, were it not for words such as NA.

    By column what to say of it; from the first rows only, since it is a remark.
    """
    texts = [name for name, dtype in rows.collect_schema().items() if dtype == pl.String]
    head = stream(rows.select(texts).head(GLANCE))
    words = {name: _words(head[name]) for name in texts}
    spoiled = [name for name, found in words.items() if found]
    without = head.lazy().select(
        pl.when(~pl.col(name).is_in(words[name])).then(pl.col(name)).alias(name) for name in spoiled
    )
    told = {}
    for name, found in _fitting(without, None).items() if spoiled else ():
        if found.seen and (kind := _chosen(found)):
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


def _fitting(rows: pl.LazyFrame, candidates: Mapping[str, list[str]] | None) -> dict[str, _Seen]:
    """How many texts of each column there are, and how many do not fit each candidate."""
    names = rows.collect_schema().names() if candidates is None else list(candidates)
    tried = {name: list(_READINGS) if candidates is None else candidates[name] for name in names}
    measures = []
    for at, name in enumerate(names):
        measures.append(pl.col(name).count().alias(f"{at}"))
        for kind in tried[name]:
            misfits = (~_READINGS[kind].fits(pl.col(name))).sum()
            measures.append(misfits.alias(f"{at}:{kind}"))
    row = stream(rows.select(measures)).row(0, named=True)
    return {
        name: _Seen(row[f"{at}"], {kind: row[f"{at}:{kind}"] for kind in tried[name]})
        for at, name in enumerate(names)
    }


def _chosen(found: _Seen) -> str | None:
    kinds = _worth_trying(found)
    if not kinds:
        return None
    return "number" if kinds[0] == "integer" and found.seen < FEW else kinds[0]
