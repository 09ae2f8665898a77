"""The models of a dbt schema.yml, with contracts, constraints and data tests -> a contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.document import name_of
from mesh_dagster.contracts.exchange.imported import Imported, imported, unusable
from mesh_dagster.descriptors import syntax, types
from mesh_dagster.descriptors.source import Source, shown_path

KEPT = "odcs"
"""The key of a column's or model's `meta` under which an export keeps what dbt has no words for."""

_REF = re.compile(r"""^\s*(?:\{\{\s*)?ref\(\s*['"]([^'"]+)['"]\s*\)(?:\s*\}\})?\s*$""")
_LOGICAL = {
    "boolean": "boolean",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "string": "string",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "list": "array",
    "struct": "object",
    "map": "map",
}
_TESTS_HELD = ("not_null", "unique", "accepted_values", "relationships")
_NARROWS = ("where", "error_if", "warn_if", "limit", "fail_calc")
_CONFIG = ("enabled", "severity", *_NARROWS, "store_failures", "store_failures_as")
_ABOUT = ("config", "name", "description", "tags", "alias", "meta", "group", "database", "schema")


@dataclass(frozen=True, slots=True)
class _Test:
    """One data test, whatever of dbt's spellings it was written in."""

    name: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def severity(self) -> str:
        return str(self.config.get("severity", "error")).lower()

    @property
    def warns(self) -> bool:
        return self.severity == "warn"

    @property
    def whole(self) -> bool:
        """Whether it is about all rows, fails at the first one, and nothing else decides that."""
        decided = self.config.get("enabled", True) is True and self.severity in ("error", "warn")
        return decided and not any(key in self.config for key in _NARROWS)


@dataclass(slots=True)
class _Reading:
    models: frozenset[str]
    notes: list[str] = field(default_factory=list)


def import_dbt(path: Path) -> Imported:
    """The contract of the models of a schema.yml, one schema object each.

    Raises `DescriptorError` where it is no YAML, `UsageError` where it has no models.
    """
    source = Source(shown_path(path))
    data = syntax.plain(syntax.read_file(path, source))
    source.refuse()
    models = data.get("models") if isinstance(data, dict) else None
    found = [each for each in _items(models) if isinstance(each, dict) and each.get("name")]
    if not found:
        raise unusable(source.name, "it has no `models` with names")
    reading = _Reading(frozenset(str(each["name"]) for each in found))
    for each in found:
        if _config(each).get("enabled", True) is False:
            reading.notes.append(f"{each['name']}: the model is disabled")
    found = [each for each in found if _config(each).get("enabled", True) is not False]
    if not found:
        raise unusable(source.name, "all its `models` are disabled")
    objects = [_model(each, reading) for each in found]
    for key in data:
        if key not in ("version", "models", "anchors"):
            reading.notes.append(f"{key}: only models are taken")
    kept = _mapping(_kept(found[0]).get("contract")) if len(found) == 1 else {}
    return imported(str(objects[0]["name"]), objects, reading.notes, source.name, kept=kept)


def _model(model: Mapping[str, Any], reading: _Reading) -> dict[str, Any]:
    name = str(model["name"])
    table: dict[str, Any] = {"name": name_of(name)}
    if model.get("description"):
        table["description"] = str(model["description"])
    columns = [each for each in _items(model.get("columns")) if isinstance(each, dict)]
    properties = [_column(each, name, reading) for each in columns if each.get("name")]
    quality: list[dict[str, Any]] = []
    for constraint in _dicts(model.get("constraints")):
        quality += _of_table(constraint, properties, name, reading)
    for test in _tests(model, name, reading):
        quality += _table_test(test, name, reading)
    for each in properties:
        if each.get("primaryKey") and "primaryKeyPosition" not in each:
            each.pop("unique", None)  # a key says it
    if properties:
        table["properties"] = properties
    if quality:
        table["quality"] = quality
    kept = {key: value for key, value in _kept(model).items() if key != "contract"}
    enforced = _mapping(_config(model).get("contract")).get("enforced") is True
    if not enforced and any(each.get("constraints") for each in (model, *columns)):
        reading.notes.append(f"{name}: dbt applies its constraints to an enforced contract only")
    if model.get("versions"):
        reading.notes.append(f"{name}: its versions; what they share is taken")
    if not enforced and "customProperties" not in kept:
        kept["customProperties"] = [{"property": "additionalColumns", "value": True}]
    stated = _items(kept.pop("quality", []))
    if stated:
        table["quality"] = [*table.get("quality", []), *stated]
    return {**table, **kept}


def _column(column: Mapping[str, Any], model: str, reading: _Reading) -> dict[str, Any]:
    name = str(column["name"])
    path = f"{model}.{name}"
    document: dict[str, Any] = {"name": name, **_typed(column.get("data_type"), path, reading)}
    if column.get("description"):
        document["description"] = str(column["description"])
    quality: list[dict[str, Any]] = []
    for constraint in _dicts(column.get("constraints")):
        quality += _of_column(constraint, document, path, reading)
    for test in _tests(column, path, reading):
        quality += _column_test(test, document, path, reading)
    kept = dict(_kept(column))
    options = {
        **document.get("logicalTypeOptions", {}),
        **_mapping(kept.pop("logicalTypeOptions", {})),
    }
    quality += _items(kept.pop("quality", []))
    document |= kept
    if options:
        document["logicalTypeOptions"] = options
    if quality:
        document["quality"] = quality
    return document


def _typed(given: Any, path: str, reading: _Reading) -> dict[str, Any]:
    if not given:
        return {}
    try:
        found = types.parse(str(given))
    except ValueError:
        reading.notes.append(f"{path}: its data_type {given!r} is none that the mesh knows")
        return {}
    logical = _LOGICAL.get(found.kind.value)
    document = {"logicalType": logical} if logical not in ("array", "object", "map", None) else {}
    document["physicalType"] = str(given)
    if found.kind.value == "timestamp":
        document["logicalTypeOptions"] = {"timezone": False}  # type: ignore[assignment]
    return document


def _of_column(
    constraint: Mapping[str, Any], document: dict[str, Any], path: str, reading: _Reading
) -> Iterator[dict[str, Any]]:
    match constraint.get("type"):
        case "not_null":
            document["required"] = True
        case "unique":
            document["unique"] = True
        case "primary_key":
            document |= {"primaryKey": True, "required": True}
        case "foreign_key":
            _foreign(constraint.get("to"), constraint.get("to_columns"), document, path, reading)
        case "check" | "custom":
            yield _expression(constraint, path, reading)
        case other:
            reading.notes.append(f"{path}: the constraint {other!r}")


def _foreign(to: Any, columns: Any, document: dict[str, Any], path: str, reading: _Reading) -> None:
    match = _REF.match(str(to))
    target = match.group(1) if match else None
    if target in reading.models and isinstance(columns, list) and len(columns) == 1:
        _link(document, f"{name_of(str(target))}.{columns[0]}", warns=False)
    else:
        reading.notes.append(f"{path}: a foreign key to {to}, which is not in this file")


def _link(document: dict[str, Any], to: str, *, warns: bool) -> None:
    severity = {"property": "severity", "value": "warning" if warns else "error"}
    link = {"to": to, "customProperties": [severity]}
    if link not in document.setdefault("relationships", []):
        document["relationships"].append(link)


def _expression(constraint: Mapping[str, Any], path: str, reading: _Reading) -> dict[str, Any]:
    """A condition in SQL that every row keeps: those that break it are counted."""
    expression = str(constraint.get("expression", "")).strip()
    name = str(constraint.get("name") or "check")
    if constraint.get("type") != "check" or not expression:
        reading.notes.append(f"{path}: the constraint {name}, {expression!r}")
        return {"type": "text", "description": f"{name}: {expression}"}
    query = f"SELECT COUNT(*) FROM {{object}} WHERE NOT ({expression})"  # noqa: S608
    return {"type": "sql", "name": name_of(name), "query": query, "mustBe": 0}


def _of_table(
    constraint: Mapping[str, Any],
    properties: list[dict[str, Any]],
    model: str,
    reading: _Reading,
) -> Iterator[dict[str, Any]]:
    columns = [str(each) for each in _items(constraint.get("columns"))]
    known = {each["name"]: each for each in properties}
    kind = constraint.get("type")
    if kind == "primary_key" and columns and all(each in known for each in columns):
        for position, each in enumerate(columns, 1):
            known[each] |= {"primaryKey": True, "required": True}
            if len(columns) > 1:
                known[each]["primaryKeyPosition"] = position
    elif kind == "unique" and columns:
        yield _no_repeats(columns)
    elif kind == "not_null":
        for each in columns:
            known.get(each, {})["required"] = True
    elif kind == "check":
        yield _expression(constraint, model, reading)
    else:
        reading.notes.append(f"{model}: the constraint {kind!r} on {', '.join(columns) or 'it'}")


def _no_repeats(columns: list[str], *, warns: bool = False) -> dict[str, Any]:
    severity = {"severity": "warning"} if warns else {}
    arguments = {"properties": columns}
    return {"metric": "duplicateValues", "arguments": arguments, "mustBe": 0, **severity}


def _column_test(
    test: _Test, document: dict[str, Any], path: str, reading: _Reading
) -> Iterator[dict[str, Any]]:
    if test.name not in _TESTS_HELD or not test.whole:
        yield _in_words(test, path, reading)
        return
    match test.name:
        case "not_null" if not test.warns:
            document["required"] = True
        case "not_null":
            yield {"metric": "nullValues", "mustBe": 0, "severity": "warning"}
        case "unique" if not test.warns:
            document["unique"] = True
        case "unique":
            yield {"metric": "duplicateValues", "mustBe": 0, "severity": "warning"}
        case "accepted_values":
            yield from _accepted(test, document, path, reading)
        case "relationships":
            match = _REF.match(str(test.arguments.get("to")))
            target = match.group(1) if match else None
            if target in reading.models:
                to = f"{name_of(str(target))}.{test.arguments.get('field')}"
                _link(document, to, warns=test.warns)
            else:
                yield _in_words(test, path, reading)


def _accepted(
    test: _Test, document: dict[str, Any], path: str, reading: _Reading
) -> Iterator[dict[str, Any]]:
    values = test.arguments.get("values")
    if not isinstance(values, list) or not values:
        yield _in_words(test, path, reading)
    elif test.warns or "enum" in document:
        arguments = {"validValues": values}
        severity = {"severity": "warning"} if test.warns else {}
        yield {"metric": "invalidValues", "arguments": arguments, "mustBe": 0, **severity}
    else:
        document["enum"] = [{"value": each} for each in values]


def _table_test(test: _Test, model: str, reading: _Reading) -> Iterator[dict[str, Any]]:
    columns = [str(each) for each in _items(test.arguments.get("combination_of_columns"))]
    if test.name.endswith("unique_combination_of_columns") and test.whole and columns:
        reading.notes.append(
            f"{model}: rows with a null in ({', '.join(columns)}) as "
            "duplicates: to dbt they are, to a contract not"
        )
        yield _no_repeats(columns, warns=test.warns)
    else:
        yield _in_words(test, model, reading)


def _in_words(test: _Test, path: str, reading: _Reading) -> dict[str, Any]:
    given = ", ".join(f"{key}: {value}" for key, value in test.arguments.items())
    limits = ", ".join(
        f"{key}: {test.config[key]}"
        for key in ("enabled", "severity", *_NARROWS)
        if key in test.config
    )
    told = " ".join(f"{test.name}({given}){f' with {limits}' if limits else ''}".split())
    reading.notes.append(f"{path}: the data test {told[:200]}; dbt runs it, the contract names it")
    return {"type": "text", "description": f"dbt data test {told}"}


def _tests(node: Mapping[str, Any], path: str, reading: _Reading) -> Iterator[_Test]:
    """The data tests of a model or column that dbt may run."""
    for given in [*_items(node.get("data_tests")), *_items(node.get("tests"))]:
        if isinstance(given, str):
            yield _Test(given, {}, {})
        elif isinstance(given, dict):
            name, said = _named(given)
            inner = _mapping(said.get("arguments"))
            loose = {key: said[key] for key in said if key not in _ABOUT and key not in _CONFIG}
            loose.pop("arguments", None)
            top = {key: said[key] for key in _CONFIG if key in said}
            config = {**top, **_mapping(said.get("config"))}
            if config.get("enabled") is False:
                reading.notes.append(f"{path}: the data test {name} is disabled")
            else:
                yield _Test(name, {**loose, **inner}, config)


def _named(given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """`{unique: {...}}`, or `{name: ..., test_name: unique, ...}`."""
    if "test_name" in given:
        rest = {key: value for key, value in given.items() if key != "test_name"}
        return str(given["test_name"]), rest
    name = next(iter(given), "")
    return str(name), _mapping(given.get(name))


def _kept(node: Mapping[str, Any]) -> dict[str, Any]:
    meta = {**_mapping(node.get("meta")), **_mapping(_config(node).get("meta"))}
    return dict(_mapping(meta.get(KEPT)))


def _config(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(node.get("config"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in _items(value) if isinstance(each, dict)]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
