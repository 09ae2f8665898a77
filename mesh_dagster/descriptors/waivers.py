"""waivers.yaml: who is let off which policy, by whom, why and until when.

Beside mesh.yaml it is about the policies of the federation, beside a domain.yaml about those of
that domain.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mesh_dagster.descriptors import writing
from mesh_dagster.descriptors.files import WAIVERS
from mesh_dagster.descriptors.own import SCHEMA_VERSION, check_schema_version
from mesh_dagster.descriptors.policies import day_of
from mesh_dagster.descriptors.shape import INTEGER, TEXT, ListOf, Shape
from mesh_dagster.descriptors.source import Source, in_order, shown_path
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import PolicyWaiver

LONGEST = 2_000
"""Characters of a reason."""

_KEYS = ("policy", "subject", "by", "why", "until")
_SHAPE = Shape(
    {
        "schemaVersion": INTEGER,
        "waivers": ListOf(
            Shape(dict.fromkeys(_KEYS, TEXT), required=_KEYS, unknown=Severity.WARNING)
        ),
    },
    unknown=Severity.WARNING,
)
_HEAD = (
    "# Who is let off which policy, until when. `mesh waive` writes it, and whoever reviews\n"
    "# changes to this file sees each waiver before it holds.\n"
)


def read_waivers(folder: Path) -> tuple[tuple[PolicyWaiver, ...], tuple[Finding, ...]]:
    """The waivers of a folder and what is wrong with its file; nothing where there is none."""
    path = folder / WAIVERS
    if not path.exists():
        return (), ()
    source = Source(shown_path(path))
    data = read_file(path, source)
    if data is None:
        return (), in_order(source.findings)
    _SHAPE.check(data, source)
    check_schema_version(data, source)
    found = []
    for each in data.get("waivers", ()):
        until = day_of(each, "until", source)
        told = {key: each[key].strip() for key in _KEYS[:-1] if key in each}
        for key in (key for key, text in told.items() if not text):
            source.report("MESH-D008", f"`{key}` is empty, expected a text", each.line_of(key))
        if until is not None and all(told.get(key) for key in _KEYS[:-1]):
            found.append(PolicyWaiver(**told, until=until, where=source.at(each.line)))
    return tuple(found), in_order(source.findings)


def written(waivers: Iterable[PolicyWaiver]) -> str:
    """A waivers.yaml that has all of these."""
    listed = [
        {
            "policy": each.policy,
            "subject": each.subject,
            "by": each.by,
            "why": each.why,
            "until": each.until.isoformat(),
        }
        for each in waivers
    ]
    return _HEAD + writing.write({"schemaVersion": SCHEMA_VERSION, "waivers": listed})
