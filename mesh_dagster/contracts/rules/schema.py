"""The rule on the columns themselves: which there are, and of which types."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mesh_dagster.contracts.rules.dialects import dialect_of
from mesh_dagster.contracts.rules.kinds import Expected, Schema
from mesh_dagster.contracts.rules.nested import parts_of
from mesh_dagster.contracts.rules.paths import Into, Step
from mesh_dagster.descriptors.types import FOREIGN
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.types import ColumnType, Kind

_NESTED = ("object", "array", "map", "vector")
_HOLDS = {Kind.STRUCT: "object", Kind.LIST: "array", Kind.MAP: "map"}
_ELEMENTS = {
    "float32": ColumnType(Kind.FLOAT),
    "float64": ColumnType(Kind.DOUBLE),
    "int8": ColumnType(Kind.INT, width="int8"),
    "uint8": ColumnType(Kind.INT, width="uint8"),
}
_VAGUE = ("decimal", "numeric", "dec", "number")
_FORMATS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "f32", "f64")


@dataclass(frozen=True, slots=True)
class Purpose:
    """For which data a contract is read. `standalone`: no port's; `texts`: only texts.

    `server` is the one of the contract's whose dialect its queries are in.
    """

    contract: Contract
    standalone: bool = False
    texts: bool = False
    server: str | None = None

    @property
    def dialect(self) -> str:
        """The dialect of SQL of the contract's queries."""
        return dialect_of(self.contract, self.server)


def schema_rule(table: SchemaObject, how: Purpose) -> Schema:
    """The columns of a schema object. Of texts their types are no part of it."""
    told = "" if how.texts else ", of exactly their types"
    return Schema(
        id="schema",
        message=f"the columns are the {len(table.properties)} of the contract{told}",
        dimension="conformity",
        where=table.where or how.contract.where,
        columns=tuple(_expected(each, each.column, how) for each in table.properties),
        extra=table.additional,
        widths=how.standalone,
        parsed=how.texts,
    )


def _expected(each: Property, name: Step, how: Purpose) -> Expected:
    wanted = Expected(
        name=name.value if isinstance(name, Into) else name,
        type=each.type,
        required=each.mandatory,
        where=each.where,
        logical=_shape(each),
        inside=_inside(each, how),
        length=_length(each),
    )
    if how.texts:
        return replace(wanted, logical=wanted.logical or each.logical_type, length=None)
    return _of_anybody(wanted, each, how) if how.standalone else wanted


def _shape(each: Property) -> str | None:
    """`object`, `array`, `map` or `vector`, by whatever says so; None of a single value."""
    if each.type is not None:
        return _HOLDS.get(each.type.kind)
    return each.logical_type if each.logical_type in _NESTED else None


def _inside(each: Property, how: Purpose) -> tuple[Expected, ...]:
    if each.logical_type == "vector" and each.items is None:
        element = _ELEMENTS.get(str(each.options.get("elementType", "float32")))
        if each.physical_type is None and not how.texts and how.standalone:
            return (Expected("[]", element, where=each.where, logical="number"),)
        return ()
    return tuple(_expected(part, step, how) for step, part in parts_of(each))


def _length(each: Property) -> int | None:
    length = each.options.get("dimensions")
    return length if each.logical_type == "vector" and type(length) is int else None


def _of_anybody(wanted: Expected, each: Property, how: Purpose) -> Expected:
    """As data is held against that knows no port: by physicalType, else by the family."""
    if each.physical_type is not None:
        return wanted if wanted.type is not None else _named(wanted, each, how)
    if wanted.logical in _NESTED:
        return replace(wanted, type=None)
    if each.logical_type is None or _exact(each):
        return wanted
    return replace(wanted, type=None, logical=_family(each, how))


def _named(wanted: Expected, each: Property, how: Purpose) -> Expected:
    """A physicalType that is no type of a port: a name of the data's format, or a vague one."""
    named = (each.physical_type or "").strip().lower()
    if named in FOREIGN:
        return replace(wanted, physical=FOREIGN[named], logical=None)
    family = "decimal" if named in _VAGUE else _family(each, how)
    return replace(wanted, logical=family)


def _exact(each: Property) -> bool:
    """Whether the options say of a logicalType which type it is."""
    if each.logical_type in ("integer", "number"):
        return each.options.get("format") in _FORMATS
    return each.logical_type == "timestamp" and isinstance(each.options.get("timezone"), bool)


def _family(each: Property, how: Purpose) -> str | None:
    old = how.contract.api_version.startswith("v3.0.")
    return "moment" if old and each.logical_type == "date" else each.logical_type
