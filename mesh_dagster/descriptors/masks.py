"""Masks as contracts and mesh.yaml state them: `hash`, `{truncate: 3}`, `{generalise: year}`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mesh_dagster.descriptors.custom import Custom
from mesh_dagster.descriptors.shape import ANYTHING
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.model.mask import OPEN, Mask, MaskKind

MASK = "mask"
"""The custom property of a column."""

UNITS = ("year", "month", "day")
LONGEST = 10_000
_PLAIN = {each.value: Mask(each) for each in (MaskKind.DROP, MaskKind.NULL, MaskKind.HASH)}
_MEANT = "drop, null, hash, {truncate: N} or {generalise: year, month, day or N}"


def stated_mask(custom: Custom) -> Mask | None:
    """The mask that a column states; None where it states none, or one that means nothing."""
    if MASK not in custom:
        return None
    return mask_from(custom.take(MASK, ANYTHING), MASK, custom.line(MASK), custom.source)


def mask_from(value: Any, key: str, line: int, source: Source) -> Mask | None:
    """The mask that a value means. YAML reads a bare `null` as nothing, and that is meant."""
    found = _mask(value)
    if found is None:
        message = f"`{key}` is {_told(value)}, expected {_MEANT}"
        source.report("MESH-D070", message, line, fix=f"{key}: drop")
    return found


def masks_from(data: Map, source: Source) -> dict[str, Mask]:
    """The masks of classifications, from `access` of a mesh.yaml."""
    stated = data.get("masks") or Map()
    found = {}
    for name, value in stated.items():
        if name.strip().lower() in OPEN:
            message = f"`masks` masks {name!r}, which is what everybody may see"
            source.report("MESH-D070", message, stated.line_of(name), fix="remove it")
            continue
        mask = mask_from(value, name, stated.line_of(name), source)
        if mask is not None:
            found[name.strip().lower()] = mask
    return found


def _mask(value: Any) -> Mask | None:
    if value is None:
        return Mask(MaskKind.NULL)
    if isinstance(value, str):
        return _PLAIN.get(value)
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((kind, to),) = value.items()
    if kind == MaskKind.TRUNCATE.value and type(to) is int and 0 < to <= LONGEST:
        return Mask(MaskKind.TRUNCATE, to)
    if kind == MaskKind.GENERALISE.value and (to in UNITS or _is_width(to)):
        return Mask(MaskKind.GENERALISE, to)
    return None


def _is_width(to: Any) -> bool:
    return type(to) in (int, float) and 0 < to < 2**53 and math.isfinite(to)


def _told(value: Any) -> str:
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, to),) = value.items()
        return f"{{{str(kind)[:40]}: {shown(to)}}}"
    return shown(value)
