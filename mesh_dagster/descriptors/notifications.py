"""`notifications` of mesh.yaml and domain.yaml: channels, who hears by which, and how patiently.

What a channel has to be told is its plugin's to say. A secret stands in the environment and
nowhere else: a literal one is an error here, before anybody commits it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mesh_dagster import plugins
from mesh_dagster.descriptors.shape import SCALAR, TEXT, ListOf, Open, Shape
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.errors import MeshError
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.message import Setting
from mesh_dagster.model.notification import Channel, Notifications

DOOR = "notifiers"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
LITERAL_SECRET = "MESH-D061"  # noqa: S105 (a code, not a secret)
_CHANNEL = "MESH-D060"
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_FIELDS = {
    "group": "group",
    "coolDown": "cool_down",
    "timeout": "timeout",
    "reviewWithin": "overdue",
}
_RETRY = {"first": "first", "longest": "longest", "giveUp": "give_up"}

SHAPE = Shape(
    {
        "channels": Open(every=Open({"type": TEXT}, required=("type",), every=SCALAR)),
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
    channels = tuple(
        _channel(name, settings, source)
        for name, settings in stated.get("channels", {}).items()
        if isinstance(settings, Map) and "type" in settings
    )
    patience = _spans(stated, _FIELDS, source)
    if isinstance(stated.get("retry"), Map):
        patience |= _spans(stated["retry"], _RETRY, source)
    owners = tuple(stated["owners"]) if "owners" in stated else None
    return Notifications(channels, owners, patience, source.at(stated.line))


def _spans(stated: Map, fields: Mapping[str, str], source: Source) -> dict[str, float]:
    spans = {}
    for key, field in fields.items():
        if key not in stated:
            continue
        found = _SPAN.fullmatch(stated[key].strip())
        if found:
            spans[field] = float(found[1]) * _SECONDS[found[2]]
        else:
            message = f"`{key}` is {shown(stated[key])}, expected a span of time"
            source.report("MESH-D008", message, stated.line_of(key), fix=f"{key}: 30s, 10m, 1h, 3d")
    return spans


def _channel(name: str, stated: Map, source: Source) -> Channel:
    settings = {key: value for key, value in stated.items() if key != "type"}
    channel = Channel(name, stated["type"], settings, source.at(stated.line))
    wanted = _wanted(stated, source)
    if wanted is not None:
        _check(name, stated, wanted, source)
    return channel


def _wanted(stated: Map, source: Source) -> Mapping[str, Setting] | None:
    """The settings of a type of channel; None where nothing of that name is installed."""
    try:
        found: Mapping[str, Setting] = plugins.load(DOOR, stated["type"]).SETTINGS
    except MeshError as error:
        known = sorted(plugins.behind(DOOR))
        message = f"`type` is {shown(stated['type'])}{did_you_mean(stated['type'], known)}"
        fix = error.fix
        if close := nearest(stated["type"], known):
            fix = f"type: {close}"
        line = stated.line_of("type")
        source.report(_CHANNEL, message, line, fix=fix, severity=Severity.WARNING)
        return None
    return found


def _check(name: str, stated: Map, wanted: Mapping[str, Setting], source: Source) -> None:
    for key, value in stated.items():
        line = stated.line_of(key)
        if key == "type":
            continue
        if key not in wanted:
            message = f"a channel of type {stated['type']} has no `{key}`"
            hint = did_you_mean(key, wanted)
            close = nearest(key, wanted)
            fix = f"write `{close}` for `{key}`" if close else "remove it"
            source.report("MESH-D007", message + hint, line, fix=fix, severity=Severity.WARNING)
            if close is not None and wanted[close].secret:
                # A misspelt password is a password all the same.
                _check_secret(name, key, value, line, source)
        elif wanted[key].secret:
            _check_secret(name, key, value, line, source)
        elif not _fits(value, wanted[key]):
            kind = " or ".join(wanted[key].among) or f"a {wanted[key].kind}"
            message = f"`{key}` of the channel `{name}` is {shown(value)}, expected {kind}"
            source.report("MESH-D008", message, line)
    for key, setting in wanted.items():
        if setting.required and key not in stated:
            message = f"`{key}` is missing in the channel `{name}`: {setting.says}"
            source.report("MESH-D009", message, stated.line)


def _check_secret(name: str, key: str, value: Any, line: int, source: Source) -> None:
    if isinstance(value, str) and VARIABLE.search(value):
        return
    variable = f"{name}_{key}".upper().replace("-", "_")
    # What it is stays out of the message: findings are printed, logged and kept.
    message = f"`{key}` of the channel `{name}` is a secret, and stands in the file"
    fix = f"{key}: ${{{variable}}}, and set {variable} in the environment"
    source.report(LITERAL_SECRET, message, line, fix=fix)


def _fits(value: Any, setting: Setting) -> bool:
    if isinstance(value, str) and VARIABLE.search(value):
        return True
    if setting.among:
        return value in setting.among
    if setting.kind == "flag":
        return isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number if setting.kind == "number" else isinstance(value, str)
