"""`lineage` of mesh.yaml and domain.yaml: where run events go, and how long they are kept."""

from __future__ import annotations

from mesh_dagster.descriptors.plugged import PLUGGED, plugged_from, spans_from
from mesh_dagster.descriptors.shape import FLAG, TEXT, Shape
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.run_event import LineageSettings

DOOR = "lineage_sinks"
_SPANS = {"keep": "keep", "timeout": "timeout"}
_RETRY = {"first": "first", "longest": "longest"}
_PLACE = "{domain}"

SHAPE = Shape(
    {
        "namespace": TEXT,
        "sinks": PLUGGED,
        **dict.fromkeys(_SPANS, TEXT),
        "retry": Shape(dict.fromkeys(_RETRY, TEXT), unknown=Severity.WARNING),
    },
    unknown=Severity.WARNING,
)
OF_DOMAIN = Shape({**SHAPE.keys, "internalAssets": FLAG}, unknown=Severity.WARNING)
"""A domain also says what it alone can."""


def lineage_from(data: Map, source: Source) -> LineageSettings | None:
    """What a file says of lineage; None where it says nothing."""
    stated = data.get("lineage")
    if not isinstance(stated, Map):
        return None
    spans = spans_from(stated, _SPANS, source)
    if isinstance(stated.get("retry"), Map):
        spans |= spans_from(stated["retry"], _RETRY, source)
    _check_namespace(stated, source)
    return LineageSettings(
        namespace=stated.get("namespace"),
        sinks=plugged_from(stated.get("sinks", {}), DOOR, "sink", source),
        where=source.at(stated.line),
        internal_assets=stated.get("internalAssets"),
        **spans,
    )


def _check_namespace(stated: Map, source: Source) -> None:
    """A backend takes the namespace for a URL: what it cannot read as one falls together."""
    text = stated.get("namespace", "mesh://x")
    scheme, found, rest = text.replace(_PLACE, "x").partition("://")
    plain = scheme.replace("+", "").replace("-", "").isalnum() and rest.isprintable()
    if not (found and rest and plain) or "{" in rest or " " in rest:
        message = f"`namespace` is {shown(text)}, expected a URL, in which {_PLACE} may stand"
        fix = "namespace: mesh://{domain}"
        source.report("MESH-D008", message, stated.line_of("namespace"), fix=fix)
