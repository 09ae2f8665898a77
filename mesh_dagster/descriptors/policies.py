"""`policies` of mesh.yaml and domain.yaml: which sets hold, and what differs from them."""

from __future__ import annotations

from datetime import date

from mesh_dagster.descriptors.odps_shape import MEMBER
from mesh_dagster.descriptors.shape import SCALAR, TEXT, Choice, Either, ListOf, Open, Shape
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.syntax import plain
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.policy import NOT_ASKED, Force, PolicySetting, PolicySettings
from mesh_dagster.model.product import Member, Stage

EVERY_STAGE = "*"
_GRAVE = Choice((*(each.value for each in Severity), NOT_ASKED))
_ONE = Open(
    {
        "force": Choice(tuple(each.value for each in Force)),
        "until": TEXT,
        "severity": Either(
            of_scalar=_GRAVE,
            of_map=Shape(dict.fromkeys((each.value for each in Stage), _GRAVE)),
        ),
    },
    every=Either(of_scalar=SCALAR, of_list=ListOf(SCALAR)),
)
SHAPE = Open({"sets": ListOf(TEXT)}, every=_ONE)
GOVERNANCE = Shape({"members": ListOf(MEMBER)}, unknown=Severity.WARNING)
_OWN = frozenset({"force", "until", "severity"})
_TYPED = frozenset({"username", "role", "name"})


def policies_from(data: Map, source: Source) -> PolicySettings | None:
    """What a file says of policies; None where it says nothing."""
    stated = data.get("policies")
    if not isinstance(stated, Map):
        return None
    settings = (
        _setting(name, each, stated.line_of(name), source)
        for name, each in stated.items()
        if isinstance(each, Map)
    )
    sets = tuple(dict.fromkeys(stated.get("sets", ())))
    return PolicySettings(sets, tuple(settings), source.at(stated.line))


def governance_from(data: Map) -> tuple[Member, ...]:
    """Who governs the mesh: who may let a product off a policy that holds for all."""
    return members_from(data.get("governance", {}))


def members_from(stated: dict[str, object]) -> tuple[Member, ...]:
    """The `members` of a mapping."""
    listed = stated.get("members")
    return tuple(
        Member(
            each.get("username", ""),
            each.get("role"),
            each.get("name"),
            {key: plain(value) for key, value in each.items() if key not in _TYPED},
        )
        for each in (listed if isinstance(listed, list) else ())
    )


def _setting(name: str, stated: Map, line: int, source: Source) -> PolicySetting:
    force = Force(stated["force"]) if "force" in stated else None
    until = day_of(stated, "until", source)
    if until is not None and force is None:
        force = Force.GRACE
    if (force is Force.GRACE) != (until is not None):
        source.report(
            "MESH-P002",
            f"`{name[:100]}` is in grace without an end"
            if until is None
            else f"`{name[:100]}` has an end of grace, and its force is {force}",
            line,
            fix=f"{name[:100]}: {{force: grace, until: 2030-12-31}}",
        )
        force, until = None, None
    grave = stated.get("severity", {})
    return PolicySetting(
        policy=name,
        force=force,
        until=until,
        severity=dict(grave) if isinstance(grave, dict) else {EVERY_STAGE: grave},
        options={key: plain(value) for key, value in stated.items() if key not in _OWN},
        where=source.at(line),
    )


def day_of(stated: Map, key: str, source: Source) -> date | None:
    """A day; None, and a finding, where there stands something else."""
    text = stated.get(key)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"`{key}` is {shown(text)}, expected a day"
        source.report("MESH-D008", message, stated.line_of(key), fix=f"{key}: 2030-12-31")
        return None
