"""`notifications` of mesh.yaml and domain.yaml: channels, who hears by which, and how patiently."""

from __future__ import annotations

from mesh_dagster.descriptors.plugged import PLUGGED, plugged_from, spans_from
from mesh_dagster.descriptors.shape import TEXT, ListOf, Shape
from mesh_dagster.descriptors.source import Map, Source
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.notification import Notifications

DOOR = "notifiers"
_FIELDS = {
    "group": "group",
    "coolDown": "cool_down",
    "timeout": "timeout",
    "reviewWithin": "overdue",
}
_RETRY = {"first": "first", "longest": "longest", "giveUp": "give_up"}

SHAPE = Shape(
    {
        "channels": PLUGGED,
        "owners": ListOf(TEXT),
        **dict.fromkeys(_FIELDS, TEXT),
        "retry": Shape(dict.fromkeys(_RETRY, TEXT), unknown=Severity.WARNING),
    },
    unknown=Severity.WARNING,
)


def notifications_from(data: Map, source: Source) -> Notifications | None:
    """What a file says of notifications; None where it says nothing."""
    stated = data.get("notifications")
    if not isinstance(stated, Map):
        return None
    channels = plugged_from(stated.get("channels", {}), DOOR, "channel", source)
    patience = spans_from(stated, _FIELDS, source)
    if isinstance(stated.get("retry"), Map):
        patience |= spans_from(stated["retry"], _RETRY, source)
    owners = tuple(stated["owners"]) if "owners" in stated else None
    return Notifications(channels, owners, patience, source.at(stated.line))
