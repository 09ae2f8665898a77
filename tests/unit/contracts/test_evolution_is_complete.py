"""Every field of a contract is graded, and every grade is in the documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.contracts.evolution import fields as rows
from mesh_dagster.contracts.evolution.change import GRADED, What
from mesh_dagster.contracts.evolution.diff import diff
from mesh_dagster.contracts.evolution.fields import ATTRIBUTES, Row
from mesh_dagster.descriptors import odcs_shape
from mesh_dagster.descriptors.odcs_shape import OPERATORS
from mesh_dagster.model.contract import (
    Contract,
    Property,
    Quality,
    Relationship,
    SchemaObject,
)
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.mask import Mask, MaskKind
from mesh_dagster.model.product import Status
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.types import ColumnType, Kind

SCHEMAS = Path(__file__).parents[4] / "shared/schemas"
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "contracts" / "evolution.md"
KEYS = {
    "service_levels": "slaProperties",
    "options": "logicalTypeOptions",
    "primary_key": "primaryKey",
    "event_time": "eventTime",
    "additional": "additionalColumns",
    "threshold": "operator",
    "columns": "from",
    "target": "to",
    "target_object": "to",
    "target_columns": "to",
    "key": "map",
    "value": "map",
}
"""Fields of the model whose key in the standard is not the same in camel case."""

LEVELS: list[tuple[type, Mapping[str, Row], Any, tuple[str, ...]]] = [
    (Contract, rows.CONTRACT, odcs_shape.CONTRACT, ()),
    (SchemaObject, rows.OBJECT, odcs_shape.OBJECT, ("SchemaElement", "SchemaObject")),
    (
        Property,
        rows.PROPERTY,
        odcs_shape.PROPERTY,
        ("SchemaElement", "SchemaBaseProperty", "SchemaProperty", "SchemaItemProperty"),
    ),
    (Quality, rows.QUALITY, odcs_shape.QUALITY, ("DataQuality", "DataQualityLibrary")),
    (Relationship, rows.RELATIONSHIP, odcs_shape.RELATIONSHIP, ("RelationshipBase",)),
    (
        ServiceLevel,
        rows.SERVICE_LEVEL,
        odcs_shape.SERVICE_LEVEL,
        ("ServiceLevelAgreementProperty",),
    ),
]
NAMES = [each[0].__name__ for each in LEVELS]


def key_of(kind: type, field: str) -> str:
    named = {value: key for key, value in ATTRIBUTES.items()}
    if kind is ServiceLevel:
        return {"name": "property"}.get(field, field)
    if kind is Property and field == "type":
        return "physicalType"
    own = KEYS.get(field) or named.get(field)
    return own or re.sub(r"_([a-z])", lambda found: found[1].upper(), field)


@pytest.mark.parametrize("level", LEVELS, ids=NAMES)
def test_every_field_of_the_model_is_graded(level: Any) -> None:
    kind, graded, _, _ = level
    of_model = {each.name for each in fields(kind)} - {"where", "rest"}
    assert sorted(each for each in of_model if key_of(kind, each) not in graded) == []


@pytest.mark.parametrize("level", LEVELS, ids=NAMES)
def test_every_key_of_the_descriptors_is_graded(level: Any) -> None:
    _, graded, shape, _ = level
    assert sorted(set(shape.keys) - set(graded) - set(OPERATORS)) == []


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the public schemas are not here")
@pytest.mark.parametrize("version", ["3.0.2", "3.1.0", "3.2.0"])
@pytest.mark.parametrize("level", LEVELS, ids=NAMES)
def test_every_key_of_the_public_schema_is_graded(level: Any, version: str) -> None:
    kind, graded, _, definitions = level
    schema = json.loads((SCHEMAS / f"odcs-{version}.json").read_text())
    found: set[str] = set()
    if kind is Contract:
        found = set(schema["properties"])
    for name in definitions:
        found |= set(_properties(schema.get("$defs", {}).get(name, {})))
    assert found or (version == "3.0.2" and kind is Relationship)
    assert sorted(found - set(graded) - set(OPERATORS)) == []


def _properties(definition: Mapping[str, Any]) -> Iterator[str]:
    yield from definition.get("properties", {})
    for key in ("allOf", "anyOf", "oneOf"):
        for each in definition.get(key, ()):
            yield from _properties(each)
            yield from _properties(each.get("then", {}))


@pytest.mark.parametrize("level", LEVELS, ids=NAMES)
def test_what_a_row_leaves_to_a_module_is_there(level: Any) -> None:
    for row in level[1].values():
        package = "mesh_dagster.contracts.evolution"
        assert row.by is None or find_spec(f"{package}.{row.by}") is not None


LINK = Relationship(("a",), "sales/shops/v1", "shops", ("code",))
RULE = Quality("library", "nullValues", "mustBe", 0, name="none")
LEVEL = ServiceLevel("freshness", 1, "h")
PLAIN = Property("a", "string", "VARCHAR", type=ColumnType(Kind.STRING))
TABLE = SchemaObject("t", (PLAIN,))
CONTRACT = Contract("mesh://sales/orders/v1", "1.0.0", Status.ACTIVE, (TABLE,), (LEVEL,))
OTHER: Mapping[type, Mapping[str, Any]] = {
    Contract: {
        "id": "mesh://sales/other/v1",
        "status": Status.DEPRECATED,
        "schema": (),
        "service_levels": (),
        "description": {"purpose": "x"},
        "api_version": "v3.2.0",
    },
    SchemaObject: {
        "name": "u",
        "properties": (),
        "quality": (RULE,),
        "relationships": (LINK,),
        "description": "x",
        "event_time": "a",
        "additional": None,
    },
    Property: {
        "name": "b",
        "logical_type": "number",
        "physical_type": "TEXT",
        "physical_name": "c",
        "type": ColumnType(Kind.LONG),
        "required": True,
        "unique": True,
        "primary_key": 1,
        "options": {"maxLength": 3},
        "description": "x",
        "classification": "restricted",
        "entity": "shop",
        "relationships": (LINK,),
        "quality": (RULE,),
        "properties": (PLAIN,),
        "items": PLAIN,
        "key": PLAIN,
        "value": PLAIN,
        "deprecated": True,
        "mask": Mask(MaskKind.DROP),
    },
    Quality: {
        "type": "custom",
        "metric": "rowCount",
        "operator": "mustBeGreaterThan",
        "threshold": 2,
        "arguments": {"validValues": [1]},
        "unit": "percent",
        "name": "some",
        "dimension": "accuracy",
        "severity": Severity.WARNING,
    },
    Relationship: {
        "columns": ("b",),
        "target": "sales/others/v1",
        "target_object": "others",
        "target_columns": ("id",),
        "severity": Severity.ERROR,
    },
    ServiceLevel: {"name": "latency", "value": 2, "unit": "d", "element": "t.a"},
}
SAME = {"version", "where", "rest"}
"""The version is no change of its own; the others are compared by key, or are no promise."""


def _of(value: Any) -> Contract:
    match value:
        case Contract():
            return value
        case SchemaObject():
            return replace(CONTRACT, schema=(value,))
        case Property():
            return _of(replace(TABLE, properties=(value,)))
        case Quality():
            return _of(replace(PLAIN, quality=(value,)))
        case Relationship():
            return _of(replace(PLAIN, relationships=(value,)))
    return replace(CONTRACT, service_levels=(value,))


FIELDS = [
    (value, field.name)
    for value in (CONTRACT, TABLE, PLAIN, RULE, LINK, LEVEL)
    for field in fields(value)
    if field.name not in SAME
]


@pytest.mark.parametrize(
    ("value", "field"), FIELDS, ids=[f"{type(v).__name__}.{f}" for v, f in FIELDS]
)
def test_no_field_changes_in_silence(value: Any, field: str) -> None:
    changed = replace(value, **{field: OTHER[type(value)][field]})
    assert diff(_of(value), _of(changed)).changes != ()
    assert diff(_of(changed), _of(value)).changes != ()


KEPT = [
    (value, key)
    for value, graded in (
        (CONTRACT, rows.CONTRACT),
        (TABLE, rows.OBJECT),
        (PLAIN, rows.PROPERTY),
        (RULE, rows.QUALITY),
        (LINK, rows.RELATIONSHIP),
        (LEVEL, rows.SERVICE_LEVEL),
    )
    for key, row in graded.items()
    if row.by is None and key not in ("apiVersion", "kind", "id", "name", "eventTime")
    if ATTRIBUTES.get(key, key) not in {each.name for each in fields(value)}
]


@pytest.mark.parametrize(
    ("value", "key"), KEPT, ids=[f"{type(v).__name__}.{key}" for v, key in KEPT]
)
def test_no_key_that_the_model_only_keeps_changes_in_silence(value: Any, key: str) -> None:
    stated, other = (replace(value, rest={key: told}) for told in "xy")
    for before, after in ((value, stated), (stated, value), (stated, other)):
        (change,) = diff(_of(before), _of(after)).changes
        assert change.path.rpartition(".")[2] == key


def test_the_documented_grades_are_those_of_the_code() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    table = text.partition("<!-- grades -->\n")[2].partition("<!-- /grades -->")[0]
    assert table.splitlines()[2:] == [_row(what) for what in What]


def _row(what: What) -> str:
    graded = GRADED[what]
    hurts = " and ".join(graded.hurts) or "nobody"
    return f"| {what} | {graded.grade} | {hurts} | {graded.bump} |"


def test_every_key_of_the_standard_is_in_the_documentation() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text))
    shortened = {"exclusiveMinimum", "exclusiveMaximum"}
    started = {
        "transformSourceObjects": "transform",
        "transformLogic": "transform",
        "transformDescription": "transform",
    }
    graded = {key for each in LEVELS for key in each[1]}
    structural = {"kind", "version", "customProperties", "schema", "type", "unit", "value"}
    structural |= {"property", "from", "to", "operator", "metric", "rule", "arguments", "query"}
    structural |= {"engine", "implementation", "scheduler", "valueExt", "logicalType"}
    structural |= {"logicalTypeOptions", "slaProperties", "slaDefaultElement", "relationships"}
    structural |= {"partitionKeyPosition", "dataGranularityDescription", "properties", "quality"}
    missing = {key for key in graded - structural if started.get(key, key) not in words}
    assert sorted(missing - shortened) == []
