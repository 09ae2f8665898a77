"""waivers.yaml: who is let off which policy, by whom, why and until when.

Beside mesh.yaml it is about the policies of the federation, beside a domain.yaml about those of
that domain.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

from mesh_dagster.descriptors import writing
from mesh_dagster.descriptors.files import WAIVERS
from mesh_dagster.descriptors.own import SCHEMA_VERSION, check_schema_version
from mesh_dagster.descriptors.policies import day_of
from mesh_dagster.descriptors.shape import INTEGER, TEXT, ListOf, Shape
from mesh_dagster.descriptors.source import Map, Source, in_order, shown_path
from mesh_dagster.descriptors.syntax import read, read_file
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import PolicyWaiver

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
    found = _waivers(read_file(path, source), source)
    return found, in_order(source.findings)


def _waivers_in(text: str) -> tuple[PolicyWaiver, ...]:
    """Those of a text; none where anything is wrong with it."""
    source = Source(WAIVERS)
    found = _waivers(read(text, source), source)
    return () if source.findings else found


def _waivers(data: Map | None, source: Source) -> tuple[PolicyWaiver, ...]:
    if data is None:
        return ()
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
    return tuple(found)


def with_waiver(folder: Path, waiver: PolicyWaiver) -> str:
    """The text of a folder's waivers.yaml with one waiver more, in the place of one of the same
    policy and subject. Where it only goes to the end, everything else stays as it is."""
    before, _ = read_waivers(folder)
    key = (waiver.policy, waiver.subject)
    kept = tuple(each for each in before if (each.policy, each.subject) != key)
    wanted = (*kept, waiver)
    path = folder / WAIVERS
    if path.exists() and len(kept) == len(before):
        text = path.read_text(encoding="utf-8").rstrip("\n")
        item = writing.write({"waivers": [_plain(waiver)]}).partition("\n")[2]
        for indent in ("", "  "):
            longer = f"{text}\n{textwrap.indent(item, indent)}"
            if _waivers_in(longer) == wanted:
                return longer
    return written(wanted)


def written(waivers: Iterable[PolicyWaiver]) -> str:
    """A waivers.yaml that has all of these."""
    listed = [_plain(each) for each in waivers]
    return _HEAD + writing.write({"schemaVersion": SCHEMA_VERSION, "waivers": listed})


def _plain(waiver: PolicyWaiver) -> dict[str, str]:
    return {
        "policy": waiver.policy,
        "subject": waiver.subject,
        "by": waiver.by,
        "why": waiver.why,
        "until": waiver.until.isoformat(),
    }
