"""The models of a dbt schema.yml, with contracts, constraints and data tests -> a contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.dbt.constraints import of_column, of_table
from mesh_dagster.contracts.exchange.dbt.data_tests import of_column_test, of_table_test, tests_of
from mesh_dagster.contracts.exchange.dbt.parts import (
    KEPT,
    Reading,
    config_of,
    dicts,
    items,
    mapping,
)
from mesh_dagster.contracts.exchange.document import name_of
from mesh_dagster.contracts.exchange.imported import Imported, imported, unusable
from mesh_dagster.contracts.exchange.types import LOGICAL
from mesh_dagster.descriptors import syntax, types
from mesh_dagster.descriptors.source import Source, shown_path


def import_dbt(path: Path) -> Imported:
    """The contract of the models of a schema.yml, one schema object each.

    Raises `DescriptorError` where it is no YAML, `UsageError` where it has no models.
    """
    source = Source(shown_path(path))
    data = syntax.plain(syntax.read_file(path, source))
    source.refuse()
    models = data.get("models") if isinstance(data, dict) else None
    found = [each for each in items(models) if isinstance(each, dict) and each.get("name")]
    if not found:
        raise unusable(source.name, "it has no `models` with names")
    reading = Reading(frozenset(str(each["name"]) for each in found))
    for each in found:
        if config_of(each).get("enabled", True) is False:
            reading.notes.append(f"{each['name']}: the model is disabled")
    found = [each for each in found if config_of(each).get("enabled", True) is not False]
    if not found:
        raise unusable(source.name, "all its `models` are disabled")
    objects = [_model(each, reading) for each in found]
    for key in data:
        if key not in ("version", "models", "anchors"):
            reading.notes.append(f"{key}: only models are taken")
    identities = [mapping(_kept(each).get("contract")) for each in found]
    kept = identities[0] if all(each == identities[0] for each in identities) else {}
    return imported(str(objects[0]["name"]), objects, reading.notes, source.name, kept=kept)


def _model(model: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    name = str(model["name"])
    table: dict[str, Any] = {"name": name_of(name)}
    if model.get("description"):
        table["description"] = str(model["description"])
    columns = [each for each in items(model.get("columns")) if isinstance(each, dict)]
    properties = [_column(each, name, reading) for each in columns if each.get("name")]
    quality: list[dict[str, Any]] = []
    for constraint in dicts(model.get("constraints")):
        quality += of_table(constraint, properties, name, reading)
    for test in tests_of(model, name, reading):
        quality += of_table_test(test, name, reading)
    for each in properties:
        if each.get("primaryKey") and "primaryKeyPosition" not in each:
            each.pop("unique", None)  # a key says it
    if properties:
        table["properties"] = properties
    if quality:
        table["quality"] = quality
    kept = {key: value for key, value in _kept(model).items() if key != "contract"}
    enforced = mapping(config_of(model).get("contract")).get("enforced") is True
    if not enforced and any(each.get("constraints") for each in (model, *columns)):
        reading.notes.append(f"{name}: dbt applies its constraints to an enforced contract only")
    if model.get("versions"):
        reading.notes.append(f"{name}: its versions; what they share is taken")
    if not enforced and "customProperties" not in kept:
        kept["customProperties"] = [{"property": "additionalColumns", "value": True}]
    stated = items(kept.pop("quality", []))
    if stated:
        table["quality"] = [*table.get("quality", []), *stated]
    return {**table, **kept}


def _column(column: Mapping[str, Any], model: str, reading: Reading) -> dict[str, Any]:
    name = str(column["name"])
    path = f"{model}.{name}"
    document: dict[str, Any] = {"name": name, **_typed(column.get("data_type"), path, reading)}
    if column.get("description"):
        document["description"] = str(column["description"])
    quality: list[dict[str, Any]] = []
    for constraint in dicts(column.get("constraints")):
        quality += of_column(constraint, document, path, reading)
    for test in tests_of(column, path, reading):
        quality += of_column_test(test, document, path, reading)
    kept = dict(_kept(column))
    options = {
        **document.get("logicalTypeOptions", {}),
        **mapping(kept.pop("logicalTypeOptions", {})),
    }
    quality += items(kept.pop("quality", []))
    document |= kept
    if options:
        document["logicalTypeOptions"] = options
    if quality:
        document["quality"] = quality
    return document


def _typed(given: Any, path: str, reading: Reading) -> dict[str, Any]:
    if not given:
        return {}
    try:
        found = types.parse(str(given))
    except ValueError:
        reading.notes.append(f"{path}: its data_type {given!r} is none that the mesh knows")
        return {}
    logical = LOGICAL.get(found.kind)
    document = {"logicalType": logical} if logical not in ("array", "object", "map", None) else {}
    document["physicalType"] = str(given)
    if found.kind.value == "timestamp":
        document["logicalTypeOptions"] = {"timezone": False}  # type: ignore[assignment]
    return document


def _kept(node: Mapping[str, Any]) -> dict[str, Any]:
    meta = {**mapping(node.get("meta")), **mapping(config_of(node).get("meta"))}
    return dict(mapping(meta.get(KEPT)))
