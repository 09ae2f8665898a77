"""customProperties: where the standards keep what they have no field for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mesh_dagster.descriptors.shape import ANYTHING, TEXT, Kind, ListOf, Shape
from mesh_dagster.descriptors.source import Map, Seq, Source
from mesh_dagster.descriptors.syntax import plain

CUSTOM = ListOf(
    Shape(
        {"property": TEXT, "value": ANYTHING, "description": TEXT, "id": TEXT, "vendor": TEXT},
        required=("property", "value"),
    )
)
KEY = "customProperties"


class Custom:
    """The custom properties of one mapping: typed ones are taken, the rest is kept."""

    def __init__(self, data: Map, source: Source) -> None:
        self.source = source
        self.items: Seq | tuple[()] = data.get(KEY) or ()
        self._found: dict[str, Map] | None = None

    def take(self, name: str, kind: Kind, default: Any = None) -> Any:
        """The value of a property, checked; the default when it is absent or wrong."""
        if not self.items:
            return default
        item = self._by_name().get(name)
        if item is None or "value" not in item:
            return default
        fits = kind.admits(item["value"], name, self.line(name), self.source)
        return plain(item["value"]) if fits else default

    def __contains__(self, name: str) -> bool:
        return bool(self.items) and name in self._by_name()

    def line(self, name: str) -> int:
        item = self._by_name().get(name)
        return item.line_of("value") if item else 0

    def rest(self, taken: Iterable[str]) -> list[Any]:
        """What no field of the model holds: other properties, and notes on typed ones."""
        taken = set(taken)
        kept = [item for item in self.items if item.get("property") not in taken or len(item) > 2]
        return plain(kept) if kept else []

    def _by_name(self) -> dict[str, Map]:
        if self._found is None:
            self._found = {}
            for item in self.items:
                name = item.get("property")
                if name in self._found:
                    message = f"the custom property `{name}` is stated twice"
                    self.source.report("MESH-D015", message, item.line)
                elif name is not None:
                    self._found[name] = item
        return self._found


def kept_value(rest: Mapping[str, Any], *names: str) -> Any:
    """The value of the first of these properties that the model kept as it is; None without."""
    listed = rest.get(KEY)
    for item in listed if isinstance(listed, Iterable) else ():
        if isinstance(item, Mapping) and item.get("property") in names:
            return item.get("value")
    return None


def with_custom(
    document: dict[str, Any], typed: Mapping[str, Any], rest: Mapping[str, Any]
) -> None:
    """Put typed values (None: absent) and the kept ones into a document's customProperties."""
    kept = rest.get(KEY, [])
    notes = {item["property"]: item for item in kept if item.get("property") in typed}
    items = [
        {**notes.get(name, {}), "property": name, "value": plain(value)}
        for name, value in typed.items()
        if value is not None
    ]
    items += [plain(item) for item in kept if item.get("property") not in typed]
    if items:
        document[KEY] = items
