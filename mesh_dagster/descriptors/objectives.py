"""The customProperty `objectives` of a contract: its keys and values, told at their lines."""

from __future__ import annotations

from mesh_dagster.descriptors.custom import Custom
from mesh_dagster.descriptors.shape import SCALAR, TEXT, ListOf, Shape
from mesh_dagster.descriptors.source import Map, Source
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.service_level import OBJECTIVES, SHARES, UNITS, ServiceLevel, span_of

_ITEM = Shape({"of": TEXT, "target": SCALAR, "window": TEXT}, required=("of",))
_LIST = ListOf(_ITEM)


def check_objectives(data: Map, source: Source) -> None:
    """Report what is wrong with the objectives of a contract; what is, is removed."""
    custom = Custom(data, source)
    if OBJECTIVES not in custom:
        return
    item = next(each for each in custom.items if each.get("property") == OBJECTIVES)
    stated = item.get("value")
    if not _LIST.admits(stated, OBJECTIVES, item.line, source):
        item["value"] = []
        return
    levels = [each.get("property") for each in data.get("slaProperties", ())]
    for each in stated:
        _check(each, levels, source)


def _check(item: Map, levels: list[str], source: Source) -> None:
    name = item.get("of")
    line = item.line_of("of")
    if name is not None and name not in levels:
        message = f"an objective is of `{name[:100]}`, and slaProperties has no such"
        source.report("MESH-C063", message + did_you_mean(name, levels), line)
    elif name in SHARES and "target" in item:
        message = f"`{name}` is a share itself, so its objective has no `target`"
        fix = f"say it in slaProperties: {{property: {name}, value: {item['target']}}}"
        source.report("MESH-C063", message, line, fix=fix, severity=Severity.ERROR)
    target = item.get("target", 99)
    share = ServiceLevel("target", target).share
    if share is None or share == 0:
        message = f"`target` is {target!r:.60}; expected a share in percent, such as 99.5"
        source.report("MESH-C063", message, item.line_of("target"))
    window = item.get("window", "30 d")
    if not span_of(window):
        message = f"`window` is {window!r:.60}; expected a number of {UNITS}, such as 30 d"
        source.report("MESH-C063", message, item.line_of("window"))
