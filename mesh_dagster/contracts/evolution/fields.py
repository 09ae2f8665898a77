"""Every key of the standard, and how a change of it is graded where nothing compares the values.

A key is graded by a row here, or is `COMPARED` by a module of its own. Keys that the standard
gets later, and other people's custom properties, are told and break nothing (`NOTED`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mesh_dagster.contracts.evolution.change import Change, What

CUSTOM = "customProperties"


@dataclass(frozen=True, slots=True)
class Row:
    """What it is to state a key, to change it, and to take it away.

    `by`: the module that compares its values instead; nothing is asked of the rest then.
    """

    stated: What = What.NOTED
    changed: What = What.NOTED
    withdrawn: What = What.NOTED
    by: str | None = None


def compared(by: str) -> Row:
    """A key whose values a module of this package compares."""
    return Row(by=by)


NOTED = Row()
WORDS = Row(What.DOCUMENTED, What.DOCUMENTED, What.DOCUMENTED)
MEANING = Row(What.MEANING_STATED, What.MEANING_CHANGED, What.MEANING_CHANGED)
PLACE = Row(What.ADDRESS_CHANGED, What.ADDRESS_CHANGED, What.ADDRESS_CHANGED)
HINT = Row(What.HINT_CHANGED, What.HINT_CHANGED, What.HINT_CHANGED)
_IDENTITY = compared("diff")
_CUSTOM = compared("fields")

CONTRACT: Mapping[str, Row] = {
    "apiVersion": WORDS,
    "kind": WORDS,
    "id": PLACE,
    "name": WORDS,
    "version": _IDENTITY,
    "status": compared("life"),
    "tenant": NOTED,
    "domain": NOTED,
    "dataProduct": NOTED,
    "description": compared("offer"),
    "tags": WORDS,
    "authoritativeDefinitions": WORDS,
    "context": WORDS,
    "contractCreatedTs": WORDS,
    "servers": compared("offer"),
    "schema": compared("tables"),
    "support": compared("offer"),
    "price": compared("offer"),
    "team": WORDS,
    "roles": compared("offer"),
    "slaDefaultElement": compared("service_levels"),
    "slaProperties": compared("service_levels"),
    CUSTOM: _CUSTOM,
}
_ELEMENT: Mapping[str, Row] = {
    "id": WORDS,
    "name": compared("tables"),
    "physicalName": compared("tables"),
    "businessName": WORDS,
    "description": WORDS,
    "tags": WORDS,
    "synonyms": WORDS,
    "authoritativeDefinitions": WORDS,
    "deprecated": compared("life"),
    "quality": compared("quality"),
    "relationships": compared("links"),
    CUSTOM: _CUSTOM,
}
OBJECT: Mapping[str, Row] = {
    **_ELEMENT,
    "logicalType": NOTED,
    "physicalType": NOTED,
    "dataGranularityDescription": WORDS,
    "properties": compared("columns"),
    "context": WORDS,
    "eventTime": MEANING,
    "additionalColumns": compared("tables"),
}
PROPERTY: Mapping[str, Row] = {
    **_ELEMENT,
    "name": compared("matching"),
    "physicalName": compared("columns"),
    "logicalType": compared("types"),
    "physicalType": compared("types"),
    "logicalTypeOptions": compared("options"),
    "enum": compared("options"),
    "required": compared("columns"),
    "unique": compared("columns"),
    "primaryKey": compared("tables"),
    "primaryKeyPosition": compared("tables"),
    "properties": compared("columns"),
    "items": compared("columns"),
    "map": compared("columns"),
    "partitioned": NOTED,
    "partitionKeyPosition": NOTED,
    "classification": compared("columns"),
    "encryptedName": Row(What.ACCESS_ADDED, What.ACCESS_CHANGED, What.ACCESS_REMOVED),
    "semanticType": NOTED,
    "transformSourceObjects": WORDS,
    "transformLogic": WORDS,
    "transformDescription": WORDS,
    "examples": WORDS,
    "criticalDataElement": NOTED,
    "entity": Row(What.MEANING_STATED, What.MEANING_CHANGED, What.NOTED),
    "mask": NOTED,
}
QUALITY: Mapping[str, Row] = {
    "id": WORDS,
    "name": WORDS,
    "description": WORDS,
    "tags": WORDS,
    "authoritativeDefinitions": WORDS,
    "businessImpact": WORDS,
    "dimension": WORDS,
    "method": WORDS,
    "schedule": HINT,
    "scheduler": HINT,
    "type": compared("quality"),
    "metric": compared("quality"),
    "rule": compared("quality"),
    "arguments": compared("quality"),
    "query": compared("quality"),
    "engine": compared("quality"),
    "implementation": compared("quality"),
    "severity": compared("quality"),
    "unit": compared("quality"),
    "operator": compared("quality"),
    CUSTOM: _CUSTOM,
}
RELATIONSHIP: Mapping[str, Row] = {
    "id": WORDS,
    "type": WORDS,
    "from": compared("links"),
    "to": compared("links"),
    "severity": compared("links"),
    CUSTOM: _CUSTOM,
}
SERVICE_LEVEL: Mapping[str, Row] = {
    "id": WORDS,
    "property": compared("service_levels"),
    "value": compared("service_levels"),
    "valueExt": compared("service_levels"),
    "unit": compared("service_levels"),
    "element": compared("service_levels"),
    "driver": NOTED,
    "description": WORDS,
    "scheduler": HINT,
    "schedule": HINT,
    "authoritativeDefinitions": WORDS,
    CUSTOM: _CUSTOM,
}
ATTRIBUTES: Mapping[str, str] = {
    "apiVersion": "api_version",
    "eventTime": "event_time",
}
"""Keys whose attribute in the model has another name; the others have their own, or are `rest`."""

TYPED_CUSTOM = frozenset(
    {"eventTime", "entity", "mask", "additionalColumns", "corrections", "objectives", "severity"}
)
"""Custom properties that mean something to the mesh, and are graded by that."""


def changed_fields(
    old: Any, new: Any, rows: Mapping[str, Row], path: str, columns: tuple[str, ...] = ()
) -> Iterator[Change]:
    """The keys of a value of the model that differ and that no module compares."""
    known = {key: row for key, row in rows.items() if row.by is None}
    others = {*old.rest, *new.rest} - set(rows)
    for key in (*known, *sorted(others)):
        before, after = _stated(old, key), _stated(new, key)
        if before != after:
            what = _what(known.get(key, NOTED), before, after)
            yield Change(f"{path}.{key}", what, before, after, columns, where=new.where)
    yield from _of_custom(old, new, path, columns)


def of_mappings(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    rows: Mapping[str, Row],
    path: str,
    *,
    where: str | None,
    otherwise: Row = NOTED,
) -> Iterator[Change]:
    """The same of plain mappings."""
    for key in dict.fromkeys((*old, *new)):
        row, before, after = rows.get(key, otherwise), old.get(key), new.get(key)
        if row.by is None and before != after:
            what = _what(row, before, after)
            yield Change(f"{path}.{key}", what, before, after, where=where)


def _what(row: Row, before: Any, after: Any) -> What:
    if before is None:
        return row.stated
    return row.withdrawn if after is None else row.changed


def _stated(value: Any, key: str) -> Any:
    """What a value of the model states for a key of the standard: nothing said is None."""
    name = ATTRIBUTES.get(key, key)
    found = getattr(value, name, None) if name in type(value).__slots__ else value.rest.get(key)
    return None if found in ("", [], (), {}) or found is False else found


def _of_custom(old: Any, new: Any, path: str, columns: tuple[str, ...]) -> Iterator[Change]:
    before, after = (_custom(each.rest.get(CUSTOM, ())) for each in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if name not in TYPED_CUSTOM and before.get(name) != after.get(name):
            values = before.get(name), after.get(name)
            yield Change(f"{path}.{name}", What.NOTED, *values, columns, where=new.where)


def _custom(items: Iterable[Any]) -> dict[str, Any]:
    """Custom properties by name."""
    return {
        str(each["property"]): each.get("value")
        for each in items
        if isinstance(each, Mapping) and "property" in each
    }


def custom(value: Any, name: str) -> Any:
    """One custom property of a value of the model; None where there is none."""
    return _custom(value.rest.get(CUSTOM, ())).get(name)
