"""Every path of a public ODCS schema, and the smallest contract that has it.

A path is written `schema[].properties[]<logicalType=string>.logicalTypeOptions.minLength`: `[]`
is a list's item, `<...>` the condition under which the schema has the key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[5] / "shared/schemas"
VERSIONS = ("3.0.2", "3.1.0", "3.2.0")
_CONDITION = re.compile(r'"(\w+)": \{"(?:const|enum)": (?:"([\w-]+)"|\[([^\]]*)\])')
_SEGMENT = re.compile(r"\[\]|<([^>]*)>|\.?([^.\[<]+)")

_ITEMS: dict[str, Any] = {
    "schema": {"name": "t", "properties": [{"name": "a", "logicalType": "string"}]},
    "properties": {"name": "a", "logicalType": "string"},
    "quality": {"metric": "nullValues", "mustBe": 0},
    "relationships": {"to": "t.a"},
    "customProperties": {"property": "p", "value": "v"},
    "authoritativeDefinitions": {"url": "https://a.example", "type": "x"},
    "synonyms": {"synonym": "s"},
    "enum": {"value": "x"},
    "servers": {"server": "s", "type": "local"},
    "slaProperties": {"property": "latency", "value": 1, "unit": "d"},
    "support": {"channel": "c", "url": "https://a.example"},
    "team": {"username": "u"},
    "members": {"username": "u"},
    "roles": {"role": "r"},
    "verifiedStatements": {"question": "q", "answer": "a"},
    "constraints": {"constraint": "c"},
}
_VALUES: dict[str, Any] = {
    "apiVersion": None,
    "kind": "DataContract",
    "version": "1.2.3",
    "status": "active",
    "logicalType": "string",
    "physicalType": "varchar",
    "primaryKeyPosition": 1,
    "partitionKeyPosition": 1,
    "semanticType": "measure",
    "dimension": "accuracy",
    "severity": "warning",
    "metric": "nullValues",
    "rule": "nullValues",
    "arguments": {"missingValues": ["x"]},
    "unit": "rows",
    "mustBe": 1,
    "mustNotBe": 1,
    "mustBeBetween": [0, 1],
    "mustNotBeBetween": [0, 1],
    "minLength": 1,
    "pattern": "^a",
    "required": True,
    "multipleOf": 2,
    "minimum": 1,
    "maximum": 9,
    "timezone": False,
    "defaultTimezone": "Europe/Berlin",
    "dimensions": 3,
    "elementType": "float64",
    "distanceMetric": "cosine",
    "to": "t.a",
    "from": "t.a",
    "type": "library",
    "query": "SELECT count(*) FROM t",
    "engine": "python",
    "implementation": "checks.py::check",
    "schedule": "0 6 * * *",
    "scheduler": "cron",
    "enum": [{"value": "x"}],
    "encryptedName": "b",
    "property": "latency",
    "dateIn": "2024-01-01",
    "dateOut": "2024-01-01",
    "contractCreatedTs": "2024-01-01T00:00:00Z",
    "priceAmount": 1.5,
    "url": "https://a.example",
    "invitationUrl": "https://a.example",
}
_LISTS = {"mustBeBetween": [0, 1], "mustNotBeBetween": [0, 1], "required": ["b"]}


def schema_of(version: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"odcs-{version}.json").read_text())
    return loaded


def paths_of(version: str) -> dict[str, dict[str, Any]]:
    """Every path of a version -> what the schema says there."""
    root = schema_of(version)
    found: dict[str, dict[str, Any]] = {}
    _walk(root, root, "", (), found)
    return found


def _walk(
    node: dict[str, Any],
    root: dict[str, Any],
    path: str,
    seen: tuple[str, ...],
    found: dict[str, dict[str, Any]],
) -> None:
    for when, key, part, names in _parts(node, root, seen, None):
        place = path + (f"<{when}>" if when else "")
        full = place + key if key == "[]" else f"{place}.{key}" if place else key
        _, inner = _resolved(part, root, names)
        entered = inner[len(names) :]
        if full in found:
            continue
        found[full] = part
        # What a definition holds of its own kind is the same again, a level deeper.
        if not any(name in names for name in entered):
            _walk(part, root, full, inner, found)


def _parts(
    node: dict[str, Any], root: dict[str, Any], seen: tuple[str, ...], when: str | None
) -> Iterator[tuple[str | None, str, dict[str, Any], tuple[str, ...]]]:
    node, seen = _resolved(node, root, seen)
    for key, part in node.get("properties", {}).items():
        yield when, key, part, seen
    if isinstance(node.get("items"), dict):
        yield when, "[]", node["items"], seen
    for word in ("allOf", "anyOf", "oneOf"):
        for each in node.get(word, ()):
            yield from _parts(each, root, seen, when)
    if "then" in node:
        found = _CONDITION.findall(json.dumps(node["if"]))
        values = sorted({one or many.replace('"', "") for _, one, many in found})
        told = f"{found[0][0]}={'/'.join(values)}" if found else when
        yield from _parts(node["then"], root, seen, told)
    if "else" in node:
        yield from _parts(node["else"], root, seen, when)


def _resolved(
    node: dict[str, Any], root: dict[str, Any], seen: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    while "$ref" in node:
        target: Any = root
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part]
        seen = (*seen, node["$ref"].rsplit("/", 1)[1])
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node, seen


def segments_of(path: str) -> list[tuple[str, str]]:
    """`("key", "schema"), ("item", ""), ("when", "type=sql")` and so on."""
    found = []
    for match in _SEGMENT.finditer(path):
        text = match.group()
        if text == "[]":
            found.append(("item", ""))
        elif text.startswith("<"):
            found.append(("when", match.group(1)))
        else:
            found.append(("key", match.group(2)))
    return found


def smallest(path: str, part: dict[str, Any], version: str) -> dict[str, Any]:
    """A contract of the version with a value at the path, and little else."""
    root = schema_of(version)
    document: dict[str, Any] = {
        "apiVersion": f"v{version}",
        "kind": "DataContract",
        "id": "c",
        "version": "1.0.0",
        "status": "active",
        "schema": [_copy(_ITEMS["schema"])],
    }
    at: Any = document
    above = ""
    segments = segments_of(path)
    for number, (kind, text) in enumerate(segments):
        rest = segments[number + 1 :]
        if kind == "when":
            key, _, values = text.partition("=")
            at.update(_under(key, values.split("/")[-1], path))
        elif kind == "item":
            if not rest:
                at[:] = _LISTS.get(above) or [_of_list(above, part, root, path, version)]
            else:
                at[:] = [_item(above, path, version)]
                at = at[0]
        else:
            above = text
            if not rest:
                at[text] = _value(text, part, root, path, version)
                if path.endswith((".map.key", ".map.value")):
                    at |= {"key": {"logicalType": "string"}, "value": {"logicalType": "string"}}
            else:
                following = next(word for word, _ in rest if word != "when")
                at[text] = [] if following == "item" else {}
                at = at[text]
    _complete(document, path)
    return document


def _item(above: str, path: str, version: str) -> Any:
    item = _copy(_ITEMS.get(above, {}))
    if above == "quality":
        metric = "nullValues" if ".properties[]" in path else "rowCount"
        item = {"rule" if version.startswith("3.0") else "metric": metric, "mustBe": 0}
    if above == "relationships" and path.startswith("schema[].relationships"):
        item["from"] = "t.a"
    return item


def _under(key: str, value: str, path: str) -> dict[str, Any]:
    more: dict[str, Any] = {key: value}
    if path.startswith("servers"):
        return more
    if key == "logicalType" and value == "vector":
        more["logicalTypeOptions"] = {"dimensions": 3}
    if key == "logicalType" and value == "map":
        more["map"] = {"key": {"logicalType": "string"}, "value": {"logicalType": "string"}}
    if key == "type" and value == "sql":
        more |= {"query": "SELECT 1"}
    if key == "type" and value == "custom":
        more |= {"engine": "python", "implementation": "checks.py::check"}
    return more


def _complete(document: dict[str, Any], path: str) -> None:
    """What the value at the path needs beside it to mean anything."""
    for table in document.get("schema", ()):
        for link in table.get("relationships", ()):
            if path.endswith(("from[]", "to[]")):
                link |= {"from": ["t.a", "t.b"], "to": ["t.a", "t.b"]}
        if path == "schema[].properties[].relationships[].to[]":
            table["properties"][0]["relationships"] = [{"to": ["t.a"]}]
        if path.startswith("schema[].relationships"):
            table["properties"].append({"name": "b", "logicalType": "string"})
        columns = table.get("properties") or []
        for column in columns:
            if isinstance(column, dict):
                _complete_column(column, path)
        for entry in [
            *table.get("quality", ()),
            *(q for c in columns for q in c.get("quality", ())),
        ]:
            if entry.get("type") in ("sql", "custom", "text"):
                entry.pop("metric", None)
                entry.pop("rule", None)
            operators = [key for key in entry if key.startswith("must")]
            free = entry.get("type") in ("custom", "text")
            free |= entry.get("type") == "sql" and document["apiVersion"] == "v3.0.2"
            for key in operators if free else operators[:-1]:
                entry.pop(key)
            if "arguments" in entry and ".properties[]" in path:
                entry |= {"metric": "missingValues"}
            elif "arguments" in entry:
                entry |= {"metric": "duplicateValues", "arguments": {"properties": ["a"]}}


def _complete_column(column: dict[str, Any], path: str) -> None:
    options = column.get("logicalTypeOptions")
    logical = column.get("logicalType")
    if path.endswith("primaryKeyPosition"):
        column["primaryKey"] = True
    if path.endswith("partitionKeyPosition"):
        column["partitioned"] = True
    if not isinstance(options, dict):
        return
    if logical in ("date", "timestamp", "time"):
        moment = {"date": "2013-01-01", "timestamp": "2013-01-01T00:00:00", "time": "10:00:00"}
        for key, value in options.items():
            if key.startswith(("min", "max", "excl")) and type(value) is not bool:
                options[key] = moment[logical]
        if "format" in options:
            options["format"] = "yyyy-MM-dd"
            column["physicalType"] = "varchar"
    elif logical in ("integer", "number"):
        if "format" in options:
            options["format"] = "i16" if logical == "integer" else "f32"
    elif logical == "string" and "format" in options:
        options["format"] = "email"
    elif logical == "object":
        column["properties"] = [{"name": "b", "logicalType": "string"}]
        if "required" in options:
            options["required"] = ["b"]
    elif logical == "vector":
        options.setdefault("dimensions", 3)
    if any(options.get(key) is True for key in ("exclusiveMinimum", "exclusiveMaximum")):
        for key in ("minimum", "maximum"):
            options.setdefault(key, "2013-01-01" if logical == "date" else 1)


def _value(key: str, part: dict[str, Any], root: dict[str, Any], path: str, version: str) -> Any:
    node, _ = _resolved(part, root, ())
    kind = node.get("type")
    if key == "apiVersion":
        return f"v{version}"
    if key == "type" and path.endswith("quality[].type"):
        return "text"
    if key == "type" and ".relationships" in path:
        return "foreignKey"
    if key == "type" and ".quality[]" not in path:
        return "local" if path.startswith("servers") else "x"
    if key == "logicalType" and path == "schema[].logicalType":
        return "object"
    if key == "status" and path != "status":
        return "x"
    if key == "required" and "logicalTypeOptions" in path:
        return ["b"]
    if key in ("metric", "rule") and ".properties[]" not in path:
        return "rowCount"
    if key == "map":
        return {"key": {"logicalType": "string"}, "value": {"logicalType": "string"}}
    if key in _ITEMS and kind == "array":
        return [_item(key, path, version)]
    if key in _VALUES and (kind != "boolean" or type(_VALUES[key]) is bool):
        value = _VALUES[key]
        fits = isinstance(value, str) or kind not in ("string",)
        if key in ("rule", "type", "engine") or fits:
            return value
    return _of_type(node, root)


def _of_list(
    above: str, part: dict[str, Any], root: dict[str, Any], path: str, version: str
) -> Any:
    if above in _ITEMS:
        return _item(above, path, version)
    if above in ("to", "from"):
        return "t.a"
    return _of_type(_resolved(part, root, ())[0], root)


def _of_type(node: dict[str, Any], root: dict[str, Any]) -> Any:
    if "enum" in node:
        return node["enum"][0]
    for word in ("oneOf", "anyOf"):
        if word in node and "type" not in node:
            return _of_type(_resolved(node[word][0], root, ())[0], root)
    kind = node.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    simple = {"string": "x", "boolean": True, "integer": 1, "number": 1, "null": None}
    if kind in simple:
        return simple[kind]
    if kind == "array":
        items = node.get("items")
        return [_of_type(_resolved(items, root, ())[0], root)] if isinstance(items, dict) else []
    required = node.get("required", ())
    parts = node.get("properties", {})
    return {key: _of_type(_resolved(parts.get(key, {}), root, ())[0], root) for key in required}


def value_at(document: Any, path: str) -> Any:
    """What stands at a path of a document; `KeyError` where nothing does."""
    at = document
    for kind, text in segments_of(path):
        if kind == "item":
            # One reference is written without a list.
            at = at if isinstance(at, str) else at[0]
        elif kind == "key":
            at = at[text]
    return at


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))
