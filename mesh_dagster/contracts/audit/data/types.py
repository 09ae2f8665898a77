"""What is there against what the contract says, column by column, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import narwhals as nw

from mesh_dagster.contracts.audit.data.families import in_family
from mesh_dagster.contracts.audit.data.found import FoundType
from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS, Expected, Schema
from mesh_dagster.descriptors.suggest import nearest
from mesh_dagster.descriptors.types import logical
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType, Kind

_NULLS_OF: dict[Kind, nw.dtypes.DType] = {
    Kind.BOOLEAN: nw.Boolean(),
    Kind.INT: nw.Int32(),
    Kind.LONG: nw.Int64(),
    Kind.FLOAT: nw.Float32(),
    Kind.DOUBLE: nw.Float64(),
    Kind.STRING: nw.String(),
    Kind.BINARY: nw.Binary(),
    Kind.DATE: nw.Date(),
    Kind.TIME: nw.Time(),
    Kind.TIMESTAMP: nw.Datetime("us"),
    Kind.TIMESTAMPTZ: nw.Datetime("us", "UTC"),
}
_WIDTHS = {Kind.INT: "int32", Kind.LONG: "int64", Kind.FLOAT: "float32", Kind.DOUBLE: "float64"}
_SHAPES = {"object": Kind.STRUCT, "array": Kind.LIST, "vector": Kind.LIST, "map": Kind.MAP}
_WORDS = {Kind.STRUCT: "an object", Kind.LIST: "an array", Kind.MAP: "a map"}
_MOMENTS = (Kind.TIMESTAMP, Kind.TIMESTAMPTZ)


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the columns are not the contract's, and the line that says so."""

    column: str
    problem: str
    where: str | None = None
    severity: Severity = Severity.ERROR

    @property
    def message(self) -> str:
        return f"{self.column} {self.problem}"


def differences(rule: Schema, found: Mapping[str, FoundType]) -> tuple[Difference, ...]:
    """All of them: columns of another type, required ones that are missing, extra ones."""
    return tuple(_Comparison(rule).of_columns(found))


@dataclass(frozen=True, slots=True)
class _Comparison:
    rule: Schema

    def of_columns(self, found: Mapping[str, FoundType]) -> Iterator[Difference]:
        known = {column.name for column in self.rule.columns} | PLATFORM_COLUMNS
        others = [name for name in found if name not in known]
        for column in self.rule.columns:
            there = found.get(column.name)
            if there is not None:
                yield from self.of(column.name, column, there)
            elif column.required:
                problem = f"is required and missing{_meant(column.name, others)}"
                yield Difference(column.name, problem, column.where)
        absent = [each.name for each in self.rule.columns if each.name not in found]
        if self.rule.extra is None:
            return
        for name in others:
            problem = f"({found[name]}) is in the data and not in the contract"
            problem += _meant(name, absent)
            yield Difference(name, problem, self.rule.where, self.rule.extra)

    def of(self, path: str, wanted: Expected, there: FoundType) -> Iterator[Difference]:
        """What differs at one place and in it."""
        shape = _SHAPES.get(wanted.logical or "")
        shape = wanted.type.kind if wanted.type and wanted.type.kind in _WORDS else shape
        if shape is None:
            if not self._fits(wanted, there):
                told = wanted.type or wanted.physical or wanted.logical
                yield Difference(path, _instead(there, _told(told)), wanted.where)
        elif there.kind is not shape:
            yield Difference(path, self._misshapen(path, wanted, shape, there), wanted.where)
        elif shape is Kind.STRUCT:
            yield from self._of_fields(path, wanted, there)
        elif shape is Kind.MAP:
            yield from self._of_parts(path, wanted, (("[key]", there.key), ("[value]", there.item)))
        else:
            yield from self._of_parts(path, wanted, (("[]", there.item),))
            length = wanted.length or (wanted.type.length if wanted.type else None)
            if self.rule.widths and length and there.length not in (None, length):
                problem = _instead(f"of {there.length} items", f"of {length}")
                yield Difference(path, problem, wanted.where)

    def _fits(self, wanted: Expected, there: FoundType) -> bool:
        if self.rule.parsed:
            return True
        if wanted.type is None:
            if wanted.physical is not None:
                return there.word.startswith(wanted.physical)
            return wanted.logical is None or in_family(wanted.logical, there)
        return _as_wide(wanted.type, there) if self.rule.widths else there.stored == wanted.type

    def _misshapen(self, path: str, wanted: Expected, shape: Kind, there: FoundType) -> str:
        if there.kind is Kind.MAP and shape is Kind.STRUCT:
            return f"is a map in the data, not an object: declare {path} as a map"
        told = wanted.type or _WORDS[shape]
        if there.word == "json":
            return f"is untyped data (json), {told} in the contract"
        return _instead(there, told)

    def _of_fields(self, path: str, wanted: Expected, there: FoundType) -> Iterator[Difference]:
        fields = dict(there.fields)
        promised = _fields(wanted)
        names = {each.name for each in promised}
        others = [name for name in fields if name not in names]
        for each in promised:
            place = f"{path}.{each.name}"
            if each.name in fields:
                yield from self.of(place, each, fields[each.name])
            elif each.required:
                problem = f"is required and missing{_meant(each.name, others)}"
                yield Difference(place, problem, each.where or wanted.where)
        if self.rule.extra is None or not promised:
            return
        for name in others:
            problem = f"({fields[name]}) is in the data and not in the contract"
            yield Difference(f"{path}.{name}", problem, wanted.where, self.rule.extra)

    def _of_parts(
        self, path: str, wanted: Expected, parts: tuple[tuple[str, FoundType | None], ...]
    ) -> Iterator[Difference]:
        type_ = wanted.type
        types = {"[]": type_.item, "[value]": type_.item, "[key]": type_.key} if type_ else {}
        inside = {each.name: each for each in wanted.inside}
        for name, there in parts:
            part = inside.get(name) or Expected(name, types.get(name), where=wanted.where)
            if there is not None:
                yield from self.of(f"{path}{name}", part, there)


def _meant(name: str, others: Sequence[str]) -> str:
    """What is there, or is promised, under nearly the same name."""
    near = nearest(name, others)
    return f"; did you mean {near}?" if near else ""


def _as_wide(wanted: ColumnType, there: FoundType) -> bool:
    """Whether it is the very type, by all that the data's format keeps of it."""
    if there.kind is not wanted.kind:
        return False
    if wanted.kind is Kind.DECIMAL:
        return (there.precision, there.scale) == (wanted.precision, wanted.scale)
    if wanted.kind in _MOMENTS:
        return wanted.width in (None, there.width or "timestamp_us")
    usual = _WIDTHS.get(wanted.kind)
    return (wanted.width or usual) == (there.width or usual)


def _fields(wanted: Expected) -> tuple[Expected, ...]:
    """The fields as properties of the contract say, else as its physicalType does."""
    if wanted.inside or wanted.type is None:
        return wanted.inside
    return tuple(Expected(name, type_, True, wanted.where) for name, type_ in wanted.type.fields)


def _instead(there: object, wanted: object) -> str:
    return f"is {there} in the data, {wanted} in the contract"


def _told(wanted: ColumnType | str | None) -> str:
    if isinstance(wanted, ColumnType) and wanted.width:
        return wanted.width
    return str(wanted)


def nullable(column: Expected) -> nw.dtypes.DType:
    """The engine's type for a column of nulls only; nested ones are as good as texts there."""
    type_ = column.type or logical(column.logical or "", {})
    if type_ is None:
        return nw.String()
    if type_.kind is Kind.DECIMAL:
        return nw.Decimal(type_.precision, type_.scale or 0)
    return _NULLS_OF.get(type_.kind, nw.String())


def nulls(dtype: nw.dtypes.DType) -> nw.Expr:
    """A column of nulls of a type."""
    if isinstance(dtype, nw.Datetime) and dtype.time_zone:
        # DuckDB takes no zone but its session's, which a value in UTC is of and UTC is not.
        return nw.when(nw.lit(False)).then(nw.lit(datetime.fromtimestamp(0, UTC)))
    return nw.lit(None, dtype=dtype)
