"""A contract from data, conservative enough that tomorrow's file passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mesh_dagster.contracts.exchange.document import contract_document, contract_of, name_of
from mesh_dagster.contracts.exchange.families import family_of
from mesh_dagster.contracts.exchange.types import typed
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.inference.columns import promises
from mesh_dagster.contracts.inference.keys import Key, key_of
from mesh_dagster.contracts.inference.profile import Column, Profile, profile
from mesh_dagster.contracts.inference.promise import Promise, remark
from mesh_dagster.contracts.inference.times import event_time_of
from mesh_dagster.contracts.inference.types import retyped, stand_ins
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.descriptors import commented
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.types import ColumnType
from mesh_dagster.ports.types import type_from_polars

_HEAD = """Inferred from {source}: {rows}.
What is promised here held there, with the evidence beside it. Read it, correct it, and say in
`description` what the table is for."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """A contract, and for each place of its document what speaks for it."""

    document: dict[str, Any]
    comments: dict[commented.Place, str]
    source: str

    @property
    def contract(self) -> Contract:
        return contract_of(self.document, self.source)

    @property
    def text(self) -> str:
        """The contract as YAML, the evidence in its comments."""
        return commented.write(self.document, self.comments)


def infer(
    rows: pl.LazyFrame,
    *,
    name: str = "table",
    source: str | None = None,
    texts: Format | None = None,
    untyped: Mapping[str, str] | None = None,
) -> Inferred:
    """The contract of a table, from its rows.

    `texts`: the rows are of a file without types (CSV, JSON), whose types are found by parse;
    `untyped` says of a column of JSON why it has none. `name` becomes the contract's id and its
    table's name, `source` is what comments call the data. Runs in a few streaming passes; memory
    does not grow with the rows, but for the exact proof that a key is unique.
    """
    untyped = untyped or {}
    with Spool() as spool:
        # Of what has no type nothing can be promised but that it is there.
        rows = retyped(rows.with_columns(pl.col(list(untyped)).cast(pl.Binary)), texts)
        rows = _once(rows, spool) if texts else rows
        remarks = stand_ins(rows) if texts is Format.CSV else untyped
        table = profile(rows)
        key = key_of(table, rows)
    found = [_column(each, table, key, texts=texts is not None) for each in table.top()]
    for (document, said), each in zip(found, table.top(), strict=True):
        if each.name in untyped:
            document.pop("physicalType", None)
        if each.name in remarks:
            said[()] = "; ".join(filter(None, (said.get(()), remarks[each.name])))
    where: commented.Place = ("schema", 0)
    head = _HEAD.format(source=source or name, rows=count(table.rows, "row"))
    comments: dict[commented.Place, str] = {(): head}
    for at, (_, said) in enumerate(found):
        comments |= {(*where, "properties", at, *place): text for place, text in said.items()}
    object_: dict[str, Any] = {"name": name_of(name)}
    if found:
        object_["properties"] = [document for document, _ in found]
    if table.rows:
        object_["quality"] = [{"metric": "rowCount", "mustBeGreaterThan": 0}]
        comments[(*where, "quality", 0, "mustBeGreaterThan")] = count(table.rows, "row")
    if event_time := event_time_of(table):
        object_["customProperties"] = [{"property": "eventTime", "value": event_time[0]}]
        comments[(*where, "customProperties", 0, "value")] = event_time[1]
    document = contract_document(name_of(name), [object_])
    return Inferred(document, comments, source or name)


def _once(rows: pl.LazyFrame, spool: Spool) -> pl.LazyFrame:
    """Texts are parsed once; what follows looks at the values several times."""
    copy = spool.path(".parquet")
    rows.sink_parquet(copy, compression="lz4")
    return pl.scan_parquet(copy, glob=False)


def _column(
    column: Column, table: Profile, key: Key | None, *, texts: bool
) -> tuple[dict[str, Any], dict[commented.Place, str]]:
    """A property's document, and the comments on its places."""
    document: dict[str, Any] = {"name": column.name}
    comments: dict[commented.Place, str] = {}
    found = list(_all_promises(column, table, key))
    if column.values == 0:
        found = [remark("no row has it: its type is not known")]
    elif isinstance(type_ := type_from_polars(column.dtype), ColumnType):
        document |= typed(type_, physical=not texts)
    elif (family := family_of(column.dtype)) is not None:
        document |= typed(family, physical=False)
    else:
        found.append(remark(f"{type_} is no type that a contract can name: none is promised"))
    _say(document, comments, (), found)
    for inner in table.columns:
        # The keys of a list or map cannot be told apart row by row: only structs are walked into.
        if len(inner.path) > 1 and inner.path[0] == column.path[0]:
            place = _place_in(document, inner.path[1:])
            if place is not None and inner.values:
                _say(document, comments, place, list(promises(inner, table)))
    return document, comments


def _say(
    document: dict[str, Any],
    comments: dict[commented.Place, str],
    at: commented.Place,
    found: Sequence[Promise],
) -> None:
    """Put promises where they go below `at`, and what speaks for them beside."""
    for promise in found:
        if promise.place:
            _put(document, (*at, *promise.place), promise.value)
            comments[(*at, *promise.place)] = promise.evidence
    if remarks := [each.evidence for each in found if not each.place]:
        comments[at] = "; ".join(remarks)


def _place_in(document: dict[str, Any], path: tuple[str, ...]) -> commented.Place | None:
    """Where the property of a field of a struct stands; None where its type is not stated."""
    place: list[str | int] = []
    for name in path:
        listed = document.get("properties", [])
        at = next((at for at, each in enumerate(listed) if each["name"] == name), None)
        if at is None:
            return None
        place += ["properties", at]
        document = listed[at]
    return tuple(place)


def _all_promises(column: Column, table: Profile, key: Key | None) -> Iterator[Promise]:
    if key and column.name in key.columns:
        yield Promise(("primaryKey",), True, key.evidence)
        position = key.columns.index(column.name) + 1
        if len(key.columns) > 1:
            yield Promise(("primaryKeyPosition",), position, f"of ({', '.join(key.columns)})")
    yield from promises(column, table)


def _put(document: dict[str, Any], place: commented.Place, value: Any) -> None:
    found: Any = document
    for part in place[:-1]:
        found = found[part] if isinstance(part, int) else found.setdefault(part, {})
    found[place[-1]] = value
