"""JSON Schema (2020-12, and the drafts before it as far as they agree) -> a contract.

A document describes one record; its properties are the columns. What a column of a table cannot
be, one of several shapes for example, is said in a note.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.document import name_of
from mesh_dagster.contracts.exchange.imported import Imported, imported, unusable
from mesh_dagster.contracts.exchange.json_schema.words import KEPT, KEPT_CONTRACT, OPTIONS_OF
from mesh_dagster.contracts.exchange.patterns import is_read
from mesh_dagster.descriptors.source import shown_path

LARGEST = 4 * 1024 * 1024
MOST = 5_000
MOST_PATTERNS = 200
_FULL = f"it unfolds into more than {MOST:,} properties; the rest are left out"
_DEEPEST = 20
_MOMENTS = {"date": "date", "date-time": "timestamp", "time": "time"}
_FORMATS = {"email", "uuid", "uri", "hostname", "ipv4", "ipv6"}
_UNSAID = (
    *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
    *("patternProperties", "propertyNames", "prefixItems", "contains", "unevaluatedProperties"),
    *("unevaluatedItems", "contentEncoding", "contentMediaType", "$dynamicRef"),
)


@dataclass(slots=True)
class _Reading:
    root: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    nodes: int = MOST
    """Left to read: a few references to each other unfold into any number."""
    patterns: dict[str, bool] = field(default_factory=dict)

    def reads(self, pattern: str) -> bool:
        """Whether a contract can promise a pattern; it takes a while to find out."""
        if pattern not in self.patterns:
            self.patterns[pattern] = len(self.patterns) < MOST_PATTERNS and is_read(pattern)
        return self.patterns[pattern]


def import_json_schema(path: Path) -> Imported:
    """The contract of the records that a JSON Schema describes.

    Raises `UsageError` where the file is no JSON Schema of an object.
    """
    source = shown_path(path)
    root = _read(path, source)
    reading = _Reading(root)
    record = _record(root, reading, source)
    name = name_of(str(root.get("title") or path.name.split(".")[0]))
    table: dict[str, Any] = {"name": name}
    if isinstance(record.get("description"), str):
        table["description"] = record["description"]
    table["properties"] = list(_properties(record, "", reading, 0))
    kept = record.get(KEPT)
    table |= dict(kept) if isinstance(kept, Mapping) else {}
    if record.get("additionalProperties", True) is not False:
        custom = _list(table.get("customProperties"))
        table["customProperties"] = [*custom, {"property": "additionalColumns", "value": True}]
    _say_unsaid(record, name, reading)
    kept_identity = _schema(root.get(KEPT_CONTRACT))
    id_ = str(root.get("$id") or name)
    return imported(id_, [table], reading.notes, source, kept=kept_identity)


def _read(path: Path, source: str) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise unusable(source, f"it is larger than {LARGEST:,} bytes")
        root = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise unusable(source, f"it is not JSON: {str(error)[:200]}") from error
    if not isinstance(root, Mapping):
        raise unusable(source, "it is no JSON Schema of an object")
    return root


def _record(root: Mapping[str, Any], reading: _Reading, source: str) -> Mapping[str, Any]:
    """The schema of one record: the root, what it refers to, or the items of its array."""
    found = _resolved(root, reading, "the schema")
    if _type(found)[0] == "array" and isinstance(found.get("items"), Mapping):
        found = _resolved(found["items"], reading, "the schema")
    if not isinstance(found.get("properties"), Mapping):
        raise unusable(source, "it is no JSON Schema of an object with properties")
    return found


def _properties(
    record: Mapping[str, Any], path: str, reading: _Reading, depth: int
) -> Iterator[dict[str, Any]]:
    required = record.get("required")
    names = {str(each) for each in required} if isinstance(required, list) else set()
    listed = record.get("properties")
    for name, schema in listed.items() if isinstance(listed, Mapping) else ():
        if reading.nodes <= 0:
            reading.notes.append(_FULL)
            return
        inner, place = _schema(schema), f"{path}{name}"
        yield {"name": name, **_property(inner, place, reading, depth, needed=name in names)}


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _schema(given: Any) -> Mapping[str, Any]:
    """`true` is the schema of anything."""
    return given if isinstance(given, Mapping) else {}


def _property(
    given: Mapping[str, Any], path: str, reading: _Reading, depth: int, *, needed: bool = False
) -> dict[str, Any]:
    reading.nodes -= 1
    if depth > _DEEPEST or reading.nodes < 0:
        far = f"{path} is nested deeper than {_DEEPEST} levels"
        reading.notes.append(far if reading.nodes >= 0 else _FULL)
        return {}
    schema = _resolved(given, reading, path)
    type_, nullable = _type(schema)
    document = _typed(schema, type_, path, reading, depth)
    if needed and not nullable:
        document["required"] = True
    elif needed:
        reading.notes.append(f"{path} must be there and may be null; here it may be absent too")
    if isinstance(schema.get("description"), str):
        document["description"] = schema["description"]
    if enum := _enum(schema):
        document["enum"] = enum
    if isinstance(schema.get("examples"), list) and schema["examples"]:
        document["examples"] = schema["examples"]
    if schema.get("deprecated") is True:
        document["deprecated"] = True
    kept = schema.get(KEPT)
    if isinstance(kept, Mapping):
        options = {
            **document.get("logicalTypeOptions", {}),
            **_schema(kept.get("logicalTypeOptions")),
        }
        document |= {**kept, **({"logicalTypeOptions": options} if options else {})}
        document = {key: value for key, value in document.items() if value is not None}
    _say_unsaid(schema, path, reading)
    return document


def _resolved(given: Mapping[str, Any], reading: _Reading, path: str) -> Mapping[str, Any]:
    """What a schema refers to, with what stands beside the reference; without null's branch."""
    schema, seen, nullable = dict(given), set[str](), False
    while True:
        if isinstance(ref := schema.pop("$ref", None), str):
            target = _pointed(reading.root, ref) if ref.startswith("#") else None
            if target is None or ref in seen:
                why = "it leads in a circle" if ref in seen else "it is not in this file"
                reading.notes.append(f"{path}: $ref {ref:.200}, {why}")
            else:
                schema = {**target, **schema}
            seen.add(ref)
        elif (only := _but_null(schema)) is not None:
            rest = {key: schema[key] for key in schema if key not in ("anyOf", "oneOf")}
            schema, nullable = {**only, **rest}, True
        else:
            break
    if nullable and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if isinstance(schema.get("anyOf"), list):
        reading.notes.append(f"{path}: anyOf")
    return schema


def _but_null(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The other of two branches one of which is null."""
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(branches, list) or len(branches) != 2:
        return None
    others = [_schema(each) for each in branches if _schema(each).get("type") != "null"]
    return others[0] if len(others) == 1 else None


def _pointed(root: Mapping[str, Any], ref: str) -> Mapping[str, Any] | None:
    found: Any = root
    for part in ref[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _type(schema: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The one type that is not null, and whether null may be."""
    given = schema.get("type")
    if isinstance(given, list):
        others = [each for each in given if each != "null"]
        return (str(others[0]) if len(others) == 1 else None), "null" in given
    if given is None and isinstance(schema.get("properties"), Mapping):
        return "object", False
    values = schema.get("enum")
    nullable = isinstance(values, list) and None in values
    return (given if isinstance(given, str) else None), nullable


def _typed(
    schema: Mapping[str, Any], type_: str | None, path: str, reading: _Reading, depth: int
) -> dict[str, Any]:
    format_ = schema.get("format")
    logical = _MOMENTS.get(str(format_)) if type_ == "string" else None
    if logical is not None:
        return {"logicalType": logical}
    options = {key: schema[key] for key in OPTIONS_OF.get(type_ or "", ()) if key in schema}
    if isinstance(pattern := options.get("pattern"), str) and not reading.reads(pattern):
        reading.notes.append(f"{path}: pattern {pattern!r:.200}, which Rust cannot read")
        del options["pattern"]
    if type_ == "string" and format_ in _FORMATS:
        options["format"] = format_
    elif format_ is not None:
        reading.notes.append(f"{path}: format {format_!r}")
    found: dict[str, Any] = {}
    if type_ in ("string", "integer", "number", "boolean"):
        found["logicalType"] = type_
    elif type_ == "array":
        found["logicalType"] = "array"
        if isinstance(schema.get("items"), Mapping):
            found["items"] = _property(schema["items"], f"{path}[]", reading, depth + 1)
    elif type_ == "object":
        found |= _object(schema, path, reading, depth)
    else:
        reading.notes.append(f"{path}: its type {schema.get('type', 'is not stated')!r}")
    if options:
        found["logicalTypeOptions"] = options
    return found


def _object(schema: Mapping[str, Any], path: str, reading: _Reading, depth: int) -> dict[str, Any]:
    others = schema.get("additionalProperties")
    if not schema.get("properties") and isinstance(others, Mapping):
        value = _property(others, f"{path}[value]", reading, depth + 1)
        return {"logicalType": "map", "map": {"key": {"logicalType": "string"}, "value": value}}
    inner = list(_properties(schema, f"{path}.", reading, depth + 1))
    return {"logicalType": "object", **({"properties": inner} if inner else {})}


def _enum(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    plain = values if isinstance(values, list) else []
    return [{"value": each} for each in plain if isinstance(each, str | int | float | bool)]


def _say_unsaid(schema: Mapping[str, Any], path: str, reading: _Reading) -> None:
    for key in _UNSAID:
        if key in schema:
            reading.notes.append(f"{path}: {key}")
