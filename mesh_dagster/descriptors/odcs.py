"""Bitol ODCS 3.0, 3.1 and 3.2 text <-> `Contract`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mesh_dagster.descriptors import syntax, writing
from mesh_dagster.descriptors.columns import property_document, property_from
from mesh_dagster.descriptors.custom import Custom, with_custom
from mesh_dagster.descriptors.keys import (
    check_no_patterns,
    check_references,
    check_unique_names,
    place_keys,
)
from mesh_dagster.descriptors.objectives import check_objectives
from mesh_dagster.descriptors.odcs_shape import CONTRACT
from mesh_dagster.descriptors.quality import qualities_from, quality_document
from mesh_dagster.descriptors.references import relationship_document, relationships_from
from mesh_dagster.descriptors.shape import TEXT, Among
from mesh_dagster.descriptors.source import Map, Source, shown_path
from mesh_dagster.descriptors.version import check_semver, check_standard
from mesh_dagster.model.address import SCHEME
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.product import Status
from mesh_dagster.model.service_level import ServiceLevel

NEWEST = "v3.2.0"
_KNOWN = ("3.0", "3.1", "3.2")
_TYPED = {"apiVersion", "kind", "id", "version", "status", "schema", "slaProperties"}
_TYPED |= {"description"}
_OBJECT_TYPED = {"name", "properties", "quality", "relationships", "description"}
_OBJECT_TYPED |= {"customProperties"}
_LEVEL_TYPED = {"property", "value", "unit", "element"}

ADDITIONAL = "additionalColumns"
"""The custom property of a table that says how bad columns are that it does not name."""

_ADDITIONAL: dict[bool | str, Severity | None] = {
    False: Severity.ERROR,
    True: None,
    "warning": Severity.WARNING,
}
_OTHERS = Among("true, false or warning", tuple(_ADDITIONAL))


def read(text: str, name: str = "contract.odcs.yaml") -> Contract:
    """A contract from its text. Raises `DescriptorError` with all that is wrong."""
    source = Source(name)
    return _finished(contract_from_document(syntax.read(text, source), source), source)


def read_file(path: Path) -> Contract:
    """A contract from its file. Raises `DescriptorError` with all that is wrong."""
    source = Source(shown_path(path))
    return _finished(contract_from_document(syntax.read_file(path, source), source), source)


def write(contract: Contract) -> str:
    """A contract as YAML that reads back as the same contract."""
    return writing.write(document_from_contract(contract))


def _finished(contract: Contract | None, source: Source) -> Contract:
    source.refuse()
    assert contract is not None, "no contract and no error"  # noqa: S101
    return contract


def contract_from_document(data: Map | None, source: Source) -> Contract | None:
    """The contract that a document states; what is wrong with it is in `source`.

    None when there is no document. The value is good only if `source` has no error.
    """
    if data is None:
        return None
    source.subject = source.subject or str(data.get("id", ""))[:200].removeprefix(SCHEME)
    CONTRACT.check(data, source)
    check_standard(data, "ODCS", _KNOWN, NEWEST, source)
    check_semver(data, "version", source)
    api_version = data.get("apiVersion", NEWEST)
    old = api_version.startswith("v3.0.")
    schema = tuple(_object(each, old, source) for each in data.get("schema", ()))
    check_references(schema, source)
    check_objectives(data, source)
    rest = {key: syntax.plain(value) for key, value in data.items() if key not in _TYPED}
    return Contract(
        id=data.get("id", ""),
        version=data.get("version", "0.0.0"),
        status=Status(data.get("status", "draft")),
        schema=schema,
        service_levels=tuple(_level(each, source) for each in data.get("slaProperties", ())),
        description=syntax.plain(data.get("description", {})),
        api_version=api_version,
        where=source.at(data.line),
        rest=rest,
    )


def _object(data: Map, old: bool, source: Source) -> SchemaObject:
    name, listed = data.get("name", ""), data.get("properties", ())
    keys = place_keys(listed, source)
    properties = tuple(
        property_from(each, name, "", source, key=keys.get(id(each)), old=old) for each in listed
    )
    check_unique_names(properties, source)
    check_no_patterns(properties, source)
    custom = Custom(data, source)
    rest = {key: syntax.plain(value) for key, value in data.items() if key not in _OBJECT_TYPED}
    if kept := custom.rest(("eventTime", ADDITIONAL)):
        rest["customProperties"] = kept
    return SchemaObject(
        name=name,
        properties=properties,
        quality=qualities_from(data, old, source, _names_of(properties)),
        relationships=relationships_from(data, name, None, source),
        description=data.get("description"),
        event_time=custom.take("eventTime", TEXT),
        additional=_ADDITIONAL[custom.take(ADDITIONAL, _OTHERS, False)],
        where=source.at(data.line),
        rest=rest,
    )


def _names_of(properties: Iterable[Property]) -> set[str]:
    return {name for each in properties for name in (each.name, each.column)}


def _level(data: Map, source: Source) -> ServiceLevel:
    rest = {key: syntax.plain(value) for key, value in data.items() if key not in _LEVEL_TYPED}
    return ServiceLevel(
        name=data.get("property", ""),
        value=data.get("value"),
        unit=data.get("unit"),
        element=data.get("element"),
        where=source.at(data.line),
        rest=rest,
    )


def document_from_contract(contract: Contract) -> dict[str, Any]:
    """A contract as an ODCS document: plain values, keys in the standard's order."""
    old = contract.api_version.startswith("v3.0.")
    document: dict[str, Any] = {
        "apiVersion": contract.api_version,
        "kind": "DataContract",
        "id": contract.id,
        **({"name": contract.rest["name"]} if "name" in contract.rest else {}),
        "version": contract.version,
        "status": contract.status.value,
    }
    if contract.description:
        document["description"] = dict(contract.description)
    if contract.schema:
        document["schema"] = [_object_document(each, old) for each in contract.schema]
    if contract.service_levels:
        levels = [_level_document(level) for level in contract.service_levels]
        document["slaProperties"] = levels
    return {**document, **contract.rest}


def _object_document(table: SchemaObject, old: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"name": table.name}
    if table.description is not None:
        document["description"] = table.description
    if table.properties:
        document["properties"] = [
            property_document(each, table.name, old) for each in table.properties
        ]
    if table.relationships:
        document["relationships"] = [
            relationship_document(each, table.name, of_table=True) for each in table.relationships
        ]
    if table.quality:
        document["quality"] = [quality_document(each, old) for each in table.quality]
    others = next(word for word, how in _ADDITIONAL.items() if how is table.additional)
    own = {"eventTime": table.event_time, ADDITIONAL: others or None}
    with_custom(document, own, table.rest)
    return {**document, **{key: table.rest[key] for key in table.rest if key not in document}}


def _level_document(level: ServiceLevel) -> dict[str, Any]:
    stated = {"unit": level.unit, "element": level.element}
    present = {key: value for key, value in stated.items() if value is not None}
    return {"property": level.name, "value": level.value, **present, **level.rest}
