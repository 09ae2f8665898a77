"""Data Contract Specification 0.9 and 1.x -> an ODCS document, for tests of what is still in use.

The standard was given up for ODCS. Only what a test needs is taken over; every value keeps the
line it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesh_dagster.descriptors.source import Map, Seq, Source

KEY = "dataContractSpecification"

_LOGICAL = {
    "string text varchar uuid": "string",
    "int integer long bigint": "integer",
    "number decimal numeric float double": "number",
    "timestamp timestamp_tz timestamp_ntz datetime": "timestamp",
    "date": "date",
    "time": "time",
    "boolean bool": "boolean",
    "object record struct": "object",
    "array list": "array",
    "map": "map",
}
_LOGICAL_OF = {word: logical for words, logical in _LOGICAL.items() for word in words.split()}
_STORED = {"timestamp_tz", "timestamp_ntz", "int", "integer", "long", "bigint", "float", "double"}
_OPTIONS = (
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
)
_FORMATS = {"email", "uuid", "uri", "url", "hostname", "ipv4", "ipv6"}
_OPERATORS = {
    "mustBe": "mustBe",
    "mustNotBe": "mustNotBe",
    "mustBeGreaterThan": "mustBeGreaterThan",
    "mustBeGreaterThanOrEqualTo": "mustBeGreaterOrEqualTo",
    "mustBeGreaterOrEqualTo": "mustBeGreaterOrEqualTo",
    "mustBeLessThan": "mustBeLessThan",
    "mustBeLessThanOrEqualTo": "mustBeLessOrEqualTo",
    "mustBeLessOrEqualTo": "mustBeLessOrEqualTo",
    "mustBeBetween": "mustBeBetween",
    "mustNotBeBetween": "mustNotBeBetween",
}
_RULE_KEYS = ("type", "description", "query", "dimension", "severity", "metric", "arguments")
_DEEPEST = 40


def is_one(data: Map) -> bool:
    """Whether a document says that it is a Data Contract Specification."""
    return KEY in data


def converted(data: Map, source: Source) -> Map:
    """The same promise as ODCS has it; what is no mapping where one goes is in `source`."""
    found = _Conversion(data, source)
    info = found.map_at(data, "info")
    return _map(
        data,
        {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": str(data.get("id") or "contract"),
            "name": str(info.get("title") or data.get("id") or "contract"),
            "version": str(info.get("version") or "0.0.0"),
            "status": "draft",
            "servers": found.servers(),
            "schema": found.tables(),
        },
    )


class _Conversion:
    """One document: its fields may refer to its definitions."""

    def __init__(self, data: Map, source: Source) -> None:
        self.data = data
        self.source = source
        self.definitions = self.map_at(data, "definitions")

    def map_at(self, data: Map, key: str) -> Map:
        value = data.get(key)
        if value is None:
            return _map(data, {})
        if not isinstance(value, Map):
            self.source.report(
                "MESH-D008", f"`{key}` is {value!r:.60}, expected a mapping", data.line_of(key)
            )
            return _map(data, {})
        return value

    def maps_at(self, data: Map, key: str) -> Iterator[tuple[str, Map]]:
        for name, value in self.map_at(data, key).items():
            if isinstance(value, Map):
                yield name, value
            elif value is None:
                yield name, _map(data, {})
            else:
                message = f"`{name}` is {value!r:.60}, expected a mapping"
                self.source.report("MESH-D008", message, data.line_of(key))

    def servers(self) -> Seq:
        listed = [
            _map(each, {"server": name, "type": "local", **each})
            for name, each in self.maps_at(self.data, "servers")
        ]
        return _seq(self.data, listed)

    def tables(self) -> Seq:
        tables = []
        for name, model in self.maps_at(self.data, "models"):
            columns = [self.column(name, each, 0) for name, each in self.maps_at(model, "fields")]
            key = model.get("primaryKey")
            keyed = [str(each) for each in key] if isinstance(key, Seq) else []
            for column in columns:
                if column["name"] in keyed:
                    column["primaryKey"] = True
                    column["primaryKeyPosition"] = keyed.index(column["name"]) + 1
            table = {"name": name, "properties": _seq(model, columns)}
            if rules := self.rules(model):
                table["quality"] = _seq(model, rules)
            tables.append(_map(model, table))
        return _seq(self.data, tables)

    def column(self, name: str, field: Map, depth: int) -> Map:
        return _map(field, {"name": name, **self.inside(field, depth)})

    def inside(self, field: Map, depth: int) -> dict[str, Any]:
        """What ODCS says of a field, without its name."""
        field = self.referred(field)
        stated = str(field.get("type") or "").lower()
        logical = _LOGICAL_OF.get(stated)
        found: dict[str, Any] = {"logicalType": logical} if logical else {}
        if stated in _STORED and stated != "timestamp":
            found["physicalType"] = stated
        config = field.get("config")
        if isinstance(config, Map) and isinstance(config.get("physicalType"), str):
            found["physicalType"] = config["physicalType"]
        for key in ("required", "unique", "primaryKey"):
            if isinstance(field.get(key), bool):
                found[key] = field[key]
        if field.get("primary") is True:
            found["primaryKey"] = True
        for key in ("classification", "description"):
            if isinstance(field.get(key), str):
                found[key] = field[key]
        found |= self.promises(field)
        return found | (self.nested(field, depth) if depth < _DEEPEST else {})

    def promises(self, field: Map) -> dict[str, Any]:
        found: dict[str, Any] = {}
        options = {key: field[key] for key in _OPTIONS if field.get(key) is not None}
        if options.get("format") not in _FORMATS:
            options.pop("format", None)
        if options:
            found["logicalTypeOptions"] = _map(field, options)
        if isinstance(field.get("enum"), Seq):
            entries = [_map(field, {"value": each}) for each in field["enum"]]
            found["enum"] = _seq(field, entries)
        if isinstance(field.get("references"), str):
            target = _map(field, {"to": field["references"]})
            found["relationships"] = _seq(field, [target])
        if rules := self.rules(field):
            found["quality"] = _seq(field, rules)
        if str(field.get("type")).lower() in ("decimal", "numeric", "number"):
            precision, scale = field.get("precision"), field.get("scale") or 0
            if isinstance(precision, int):
                found["physicalType"] = f"decimal({precision},{scale})"
        return found

    def nested(self, field: Map, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if isinstance(field.get("fields"), Map):
            columns = [
                self.column(name, each, depth + 1) for name, each in self.maps_at(field, "fields")
            ]
            found["properties"] = _seq(field, columns)
        if isinstance(field.get("items"), Map):
            found["items"] = _map(field["items"], self.inside(field["items"], depth + 1))
        if isinstance(field.get("keys"), Map) and isinstance(field.get("values"), Map):
            pair = {"key": field["keys"], "value": field["values"]}
            found["map"] = _map(
                field, {key: _map(each, self.inside(each, depth + 1)) for key, each in pair.items()}
            )
        return found

    def referred(self, field: Map) -> Map:
        """A field with what it takes over from a definition of the same document."""
        name = str(field.get("$ref") or "")
        if not name.startswith("#/definitions/"):
            return field
        definition = self.definitions.get(name.removeprefix("#/definitions/"))
        return _map(field, {**definition, **field}) if isinstance(definition, Map) else field

    def rules(self, data: Map) -> list[Map]:
        listed = data.get("quality")
        return [self.rule(each) for each in listed or () if isinstance(each, Map)]

    def rule(self, data: Map) -> Map:
        rule: dict[str, Any] = {key: data[key] for key in _RULE_KEYS if key in data}
        rule |= {_OPERATORS[key]: data[key] for key in data if key in _OPERATORS}
        if rule.get("type") == "custom":
            rule |= {
                "engine": str(data.get("engine") or "unknown"),
                "implementation": str(data.get("implementation") or ""),
            }
        return _map(data, rule)


def _map(at: Map, values: dict[str, Any]) -> Map:
    """A mapping that stands where another does."""
    made = Map(values)
    made.line = at.line
    made.lines = {key: at.lines.get(key, at.line) for key in values}
    return made


def _seq(at: Map, items: list[Any]) -> Seq:
    made = Seq(items)
    made.line = at.line
    made.lines = [each.line if isinstance(each, Map) else at.line for each in items]
    return made
