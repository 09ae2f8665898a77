"""The columns of a contract <-> `Property`, nested ones included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesh_dagster.descriptors import types
from mesh_dagster.descriptors.custom import Custom, with_custom
from mesh_dagster.descriptors.masks import MASK, stated_mask
from mesh_dagster.descriptors.options import check_options
from mesh_dagster.descriptors.quality import qualities_from, quality_document
from mesh_dagster.descriptors.references import relationship_document, relationships_from
from mesh_dagster.descriptors.shape import TEXT
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.suggest import nearest
from mesh_dagster.descriptors.syntax import plain
from mesh_dagster.model.contract import Property
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType

_TYPED = {"name", "logicalType", "physicalType", "physicalName", "required", "unique"}
_TYPED |= {"primaryKey", "primaryKeyPosition", "logicalTypeOptions", "description"}
_TYPED |= {"classification", "relationships", "quality", "properties", "items"}
_TYPED |= {"customProperties", "map", "deprecated"}
_NONE: dict[str, Any] = {}


def property_from(
    data: Map, table: str, path: str, source: Source, *, key: int | None = None, old: bool = False
) -> Property:
    """One column. `path` leads to a nested one, `key` is its position in the primary key."""
    get = data.get
    name = get("name", "")
    full = f"{path}.{name}" if path and name else path or name
    check_options(data, source, old=old)
    nested = tuple(
        property_from(each, table, full, source, old=old) for each in get("properties", ())
    )
    items = get("items")
    item = None if items is None else property_from(items, table, f"{full}[]", source, old=old)
    pair = {
        part: property_from(each, table, f"{full}[{part}]", source, old=old)
        for part, each in (get("map") or {}).items()
    }
    if path and get("primaryKey"):
        message = f"`primaryKey` of {full}: a key is of columns, and this lies in one"
        line = data.line_of("primaryKey")
        source.report("MESH-D019", message, line, fix="unique: true", severity=Severity.WARNING)
    custom = Custom(data, source)
    rest = {each: plain(value) for each, value in data.items() if each not in _TYPED}
    if kept := custom.rest(("entity", MASK)):
        rest["customProperties"] = kept
    return Property(
        name=name,
        logical_type=get("logicalType"),
        physical_type=get("physicalType"),
        physical_name=get("physicalName"),
        type=_type(data, item, nested, source, pair),
        required=get("required", False),
        unique=get("unique", False),
        primary_key=key,
        options=plain(get("logicalTypeOptions", _NONE)),
        description=get("description"),
        classification=get("classification"),
        entity=custom.take("entity", TEXT),
        relationships=relationships_from(data, table, full, source),
        quality=qualities_from(data, old, source),
        properties=nested,
        items=item,
        key=pair.get("key"),
        value=pair.get("value"),
        deprecated=get("deprecated", False),
        where=source.at(data.line),
        rest=rest,
        mask=stated_mask(custom),
    )


def _type(
    data: Map,
    item: Property | None,
    nested: Sequence[Property],
    source: Source,
    pair: Mapping[str, Property],
) -> ColumnType | None:
    """What is stored: exactly what physicalType says, else what logicalType implies."""
    fields = tuple((each.column, each.type) for each in nested)
    inner = item.type if item else None
    held = (_type_of(pair, "key"), _type_of(pair, "value"))
    physical = data.get("physicalType")
    if physical is not None:
        try:
            return types.parse(physical)
        except types.BareTypeError:
            word = physical.strip().lower()
            name = "map" if word == "map" else "array" if word in types.LISTS else "object"
            return types.logical(name, _NONE, inner, fields, held)
        except types.UnknownTypeError as error:
            _report_type(physical, error, data, source)
            return None
    logical = data.get("logicalType")
    if logical is None:
        return None
    options = data.get("logicalTypeOptions", _NONE)
    return types.logical(logical, options, inner, fields, held)


def _type_of(pair: Mapping[str, Property], part: str) -> ColumnType | None:
    return pair[part].type if part in pair else None


def _report_type(physical: str, error: types.UnknownTypeError, data: Map, source: Source) -> None:
    line = data.line_of("physicalType")
    if error.why:
        vague = isinstance(error, types.VagueTypeError | types.ForeignTypeError)
        severity = Severity.WARNING if vague else Severity.ERROR
        message = f"`physicalType` is {shown(physical)}: {error.why}"
        source.report("MESH-D016", message, line, severity=severity)
        return
    found = nearest(error.word, types.KNOWN)
    hint = f"; did you mean `{found}`?" if found else ""
    fix = f"physicalType: {found}" if found and error.word == physical.lower() else None
    word = "" if error.word == physical.lower() else f": {shown(error.word)} is no type"
    message = f"`physicalType` is {shown(physical)}{word or ', which is no type'}{hint}"
    source.report("MESH-D016", message, line, fix=fix)


def property_document(column: Property, table: str, old: bool) -> dict[str, Any]:
    """A column as ODCS has it. A type that nothing states is written as its physicalType."""
    physical = column.physical_type
    if physical is None and column.logical_type is None and column.type is not None:
        physical = str(column.type)
    stated = {
        "name": column.name or None,
        "physicalName": column.physical_name,
        "logicalType": column.logical_type,
        "physicalType": physical,
        "logicalTypeOptions": dict(column.options) or None,
        "required": column.required or None,
        "unique": column.unique or None,
        "primaryKey": column.primary_key is not None or None,
        "primaryKeyPosition": column.primary_key,
        "description": column.description,
        "classification": column.classification,
        "deprecated": column.deprecated or None,
    }
    document: dict[str, Any] = {key: each for key, each in stated.items() if each is not None}
    if column.relationships:
        document["relationships"] = [
            relationship_document(each, table, of_table=False) for each in column.relationships
        ]
    if column.quality:
        document["quality"] = [quality_document(each, old) for each in column.quality]
    if column.properties:
        document["properties"] = [property_document(each, table, old) for each in column.properties]
    if column.items is not None:
        document["items"] = property_document(column.items, table, old)
    pair = {"key": column.key, "value": column.value}
    if any(pair.values()):
        document["map"] = {
            part: property_document(each, table, old) for part, each in pair.items() if each
        }
    own = {"entity": column.entity, MASK: column.mask.stated if column.mask else None}
    with_custom(document, own, column.rest)
    return {**document, **{key: column.rest[key] for key in column.rest if key not in document}}
