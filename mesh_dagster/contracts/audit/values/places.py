"""Where a rule looks, found in the data: an expression, its type, and where it does not apply."""

from __future__ import annotations

from dataclasses import dataclass, replace

import narwhals as nw

from mesh_dagster.contracts.audit.data.found import FoundType
from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.model.types import Kind


class UnreachableError(ValueError):
    """The data has no such place; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """The values that a rule is about, in rows of its level.

    `present` is true in rows where the place exists, whatever its value: a field of a null
    struct does not. None: it exists in all. `raw` is the value as its text format has it.
    `empty`: its type in the data knows nothing but null.
    """

    name: str
    value: nw.Expr
    dtype: nw.dtypes.DType
    present: nw.Expr | None = None
    raw: nw.Expr | None = None
    empty: bool = False
    nowhere: bool = False
    """The data has no such place, as the contract allows; without `present`, nor its holder."""


class MissingError(UnreachableError):
    """The data has no place called `name`; what would hold it is there where `present` is true."""

    def __init__(self, name: str, present: nw.Expr | None = None) -> None:
        super().__init__(f"{name} is missing in the data")
        self.name = name
        self.present = present


def whole_column(column: str, frame: Frame) -> Place:
    """The place of a column. Raises `MissingError`."""
    if column not in frame.schema:
        raise MissingError(column)
    raw = frame.raw.get(column)
    text = nw.col(raw) if raw else None
    place = Place(column, nw.col(column), frame.schema[column], raw=text)
    return _read(place, frame, Path(column), column)


def walk(path: Path, rows: Frame, start: str, frame: Frame) -> Place:
    """Follow the fields of a path from the column `start` of the rows of its level."""
    so_far = path.level or Path(path.column)
    if start not in rows.schema:
        raise UnreachableError(f"{so_far} is missing in the data")
    value, dtype = nw.col(start), rows.schema[start]
    present: nw.Expr | None = None
    for step in path.fields:
        if str(so_far) in rows.absent:
            return _nowhere(path)
        if not isinstance(dtype, nw.Struct):
            raise UnreachableError(told_instead(str(so_far), dtype, rows, start, "an object"))
        present = ~value.is_null()
        so_far = so_far.into(step)
        types = {each.name: each.dtype for each in dtype.fields}
        if step not in types:
            if str(so_far) not in frame.optional:
                raise MissingError(str(so_far), present)
            if so_far != path:
                return _nowhere(path)
            null = nw.lit(None, dtype=nw.String())
            return Place(str(path), null, nw.Unknown(), present, nowhere=True)
        found = types[step]
        value = value.struct.field(step)
        dtype = found() if isinstance(found, type) else found
    return _read(Place(str(path), value, dtype, present), rows, path, start)


def _read(place: Place, rows: Frame, path: Path, start: str) -> Place:
    """The place, with a text for what is one to a contract and has a type of its own."""
    word = ""
    if isinstance(place.dtype, nw.Unknown):
        found: FoundType | None = rows.type_of(start)
        for step in path.fields:
            found = dict(found.fields).get(step) if found else None
        word = found.word if found else ""
    if isinstance(place.dtype, nw.Enum | nw.Categorical) or word == "uuid":
        return replace(place, value=place.value.cast(nw.String()), dtype=nw.String())
    return replace(place, empty=word == "null")


def told_instead(name: str, dtype: nw.dtypes.DType, rows: Frame, column: str, wanted: str) -> str:
    """That something else is there, and what to declare where that is a map."""
    found = rows.type_of(column) if column in rows.schema else FoundType(str(dtype).lower())
    if isinstance(dtype, nw.Unknown) and found.kind is Kind.MAP:
        return f"{name} is a map in the data, not {wanted}: declare it as a map"
    if found.word == "json":
        return f"{name} is untyped data (json), whose parts cannot be read"
    return f"{name} is {str(dtype).lower()} in the data, not {wanted}"


def _nowhere(path: Path) -> Place:
    """A place in what is absent altogether: no row has it."""
    return Place(str(path), nw.lit(None, dtype=nw.String()), nw.Unknown(), nowhere=True)
