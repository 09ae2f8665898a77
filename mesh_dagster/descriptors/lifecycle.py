"""`lifecycle` of mesh.yaml: what the mesh asks of the lives of its products."""

from __future__ import annotations

from mesh_dagster.descriptors.shape import INTEGER, Shape
from mesh_dagster.descriptors.source import Map, Source
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.life import LifeRules

_FIELDS = {
    "readersInBeta": ("readers_in_beta", 1, 1000),
    "score": ("score", 0, 100),
    "keptDays": ("kept_days", 0, 3650),
    "noticeDays": ("notice_days", 0, 3650),
}
"""Key -> field, the least and the most."""

SHAPE = Shape(dict.fromkeys(_FIELDS, INTEGER), unknown=Severity.WARNING)


def lifecycle_from(data: Map, source: Source) -> LifeRules:
    """What a file says of it, the rest as it is without one."""
    stated = data.get("lifecycle")
    if not isinstance(stated, Map):
        return LifeRules()
    said = {}
    for key, (name, least, most) in _FIELDS.items():
        if key not in stated:
            continue
        value = stated[key]
        if least <= value <= most:
            said[name] = value
        else:
            message = f"`{key}` is {value}, expected {least} to {most}"
            source.report("MESH-D008", message, stated.line_of(key))
    return LifeRules(**said)
