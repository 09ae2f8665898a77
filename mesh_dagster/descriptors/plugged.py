"""Plugins that a file names, with their settings: channels, sinks.

What one has to be told is the plugin's to say. A secret stands in the environment and nowhere
else: a literal one is an error here, before anybody commits it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

from mesh_dagster import plugins
from mesh_dagster.descriptors.shape import SCALAR, TEXT, Open
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.message import Setting
from mesh_dagster.model.notification import Channel

PLUGGED = Open(every=Open({"type": TEXT}, required=("type",), every=SCALAR))
"""The shape of such a mapping, by name."""

LITERAL_SECRET = "MESH-D061"  # noqa: S105 (a code, not a secret)
UNSET = "MESH-M080"
_TYPE = "MESH-D060"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def plugged_from(
    stated: Mapping[str, Any], door: str, noun: str, source: Source
) -> tuple[Channel, ...]:
    """What a file says of plugins behind a door; `noun` is what messages call one of them."""
    return tuple(
        _channel(name, settings, (door, noun), source)
        for name, settings in stated.items()
        if isinstance(settings, Map) and "type" in settings
    )


def spans_from(stated: Map, fields: Mapping[str, str], source: Source) -> dict[str, float]:
    """Spans of time in seconds, by the name of a field."""
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


def variables(channel: Channel) -> list[str]:
    """The variables of the environment that the settings name."""
    texts = [each for each in channel.settings.values() if isinstance(each, str)]
    return sorted({name for text in texts for name in _VARIABLE.findall(text)})


def filled(channel: Channel, noun: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The settings with every `${NAME}` replaced by the environment, and the texts that hold one.

    Raises `UsageError` for a variable that the environment lacks.
    """
    missing = [each for each in variables(channel) if not os.environ.get(each)]
    if missing:
        raise UsageError(
            f"the {noun} `{channel.name}` needs {', '.join(missing)}, which this environment lacks",
            code=UNSET,
            where=channel.where,
            fix=f"export {missing[0]}=...",
        )
    settings = {name: _filled(value) for name, value in channel.settings.items()}
    secrets = {os.environ[each] for each in variables(channel)}
    changed = {
        settings[name]
        for name, value in channel.settings.items()
        if isinstance(value, str) and settings[name] != value
    }
    return settings, tuple(sorted(secrets | changed, key=len, reverse=True))


def _filled(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    environment: Mapping[str, str] = os.environ
    return _VARIABLE.sub(lambda found: environment[found[1]], value)


def _channel(name: str, stated: Map, behind: tuple[str, str], source: Source) -> Channel:
    settings = {key: value for key, value in stated.items() if key != "type"}
    channel = Channel(name, stated["type"], settings, source.at(stated.line))
    door, noun = behind
    wanted = _wanted(stated, door, source)
    if wanted is not None:
        _check(name, stated, wanted, noun, source)
    return channel


def _wanted(stated: Map, door: str, source: Source) -> Mapping[str, Setting] | None:
    """The settings of a type of plugin; None where nothing of that name is installed."""
    try:
        found: Mapping[str, Setting] = plugins.load(door, stated["type"]).SETTINGS
    except MeshError as error:
        known = sorted(plugins.behind(door))
        message = f"`type` is {shown(stated['type'])}{did_you_mean(stated['type'], known)}"
        fix = error.fix
        if close := nearest(stated["type"], known):
            fix = f"type: {close}"
        line = stated.line_of("type")
        source.report(_TYPE, message, line, fix=fix, severity=Severity.WARNING)
        return None
    return found


_KINDS = {"text": "a text", "number": "a number above 0", "flag": "true or false"}


def _check(
    name: str, stated: Map, wanted: Mapping[str, Setting], noun: str, source: Source
) -> None:
    for key, value in stated.items():
        line = stated.line_of(key)
        if key == "type":
            continue
        if key not in wanted:
            message = f"a {noun} of type {stated['type']} has no `{key}`"
            hint = did_you_mean(key, wanted)
            close = nearest(key, wanted)
            fix = f"write `{close}` for `{key}`" if close else "remove it"
            source.report("MESH-D007", message + hint, line, fix=fix, severity=Severity.WARNING)
            if close is not None and wanted[close].secret:
                # A misspelt password is a password all the same.
                _check_secret(f"the {noun} `{name}`", key, value, line, source)
        elif wanted[key].secret:
            _check_secret(f"the {noun} `{name}`", key, value, line, source)
        elif not _fits(value, wanted[key]):
            kind = " or ".join(wanted[key].among) or _KINDS[wanted[key].kind]
            message = f"`{key}` of the {noun} `{name}` is {shown(value)}, expected {kind}"
            source.report("MESH-D008", message, line)
    for key, setting in wanted.items():
        if setting.required and key not in stated:
            message = f"`{key}` is missing in the {noun} `{name}`: {setting.says}"
            source.report("MESH-D009", message, stated.line)


def _check_secret(whose: str, key: str, value: Any, line: int, source: Source) -> None:
    if isinstance(value, str) and _VARIABLE.search(value):
        return
    name = whose.split("`")[1]
    variable = f"{name}_{key}".upper().replace("-", "_")
    # What it is stays out of the message: findings are printed, logged and kept.
    message = f"`{key}` of {whose} is a secret, and stands in the file"
    fix = f"{key}: ${{{variable}}}, and set {variable} in the environment"
    source.report(LITERAL_SECRET, message, line, fix=fix)


def _fits(value: Any, setting: Setting) -> bool:
    if isinstance(value, str) and _VARIABLE.search(value):
        return True
    if setting.among:
        return value in setting.among
    if setting.kind == "flag":
        return isinstance(value, bool)
    if setting.kind == "number":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and 0 < value < math.inf
    return isinstance(value, str)
