"""A product that lacks nothing, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.discovery import About, ExampleQuery, LevelStanding
from mesh_dagster.model.product import Archetype, InputPort, Member, OutputPort, Product, Status
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.slo import Status as LevelStatus
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.registry.described import Described
from mesh_dagster.scoring.subject import Failing, Observed, Subject

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
ADDRESS = Address.parse("flights/departures/v1")
LATE = ADDRESS.with_port("late")
SAFE = ADDRESS.with_port("masked")
AIRPORTS = Address.parse("network/airports/v1")

Defect = Callable[[Subject], Subject]


def _contract(address: Address, file: str) -> Contract:
    key = Property(
        "dest",
        type=ColumnType(Kind.STRING),
        primary_key=1,
        description="Where to",
        classification="public",
        entity="airport",
        where=f"{file}:9",
    )
    at = Property(
        "at",
        type=ColumnType(Kind.TIMESTAMPTZ),
        description="When it left",
        classification="public",
        where=f"{file}:12",
    )
    tail = replace(key, name="pilot", primary_key=None, entity=None, classification="restricted")
    table = SchemaObject(
        "departures",
        (key, at, tail),
        quality=(Quality("library", "rowCount", "mustBeGreaterThan", 0),),
        description="One row a flight",
        event_time="at",
        where=f"{file}:5",
    )
    levels = (ServiceLevel("freshness", 26, unit="h"), ServiceLevel("retention", 1, unit="y"))
    return Contract(str(address), "1.0.0", Status.ACTIVE, (table,), levels, where=f"{file}:1")


def whole() -> Subject:
    """A product of two ports, and one of masks, that has all that is asked for."""
    product = Product(
        ADDRESS,
        "1.0.0",
        Status.ACTIVE,
        Archetype.AGGREGATE,
        purpose="To know what left",
        limitations="Domestic",
        usage="One row a flight",
        inputs=(InputPort("airports", "1.0.0", AIRPORTS, where="p.yaml:7"),),
        outputs=(
            OutputPort("departures", "1.0.0", ADDRESS),
            OutputPort("late", "1.0.0", LATE),
            OutputPort("masked", "1.0.0", SAFE),
        ),
        team="Flights",
        members=(Member("ann@nycair.example", "owner"),),
        tags=("delays",),
        use_cases=("Plan crews",),
        where="p.yaml:1",
    )
    bare = SchemaObject("departures", (Property("crew", where="c.yaml:20"),))
    made = {"customProperties": [{"property": "maskedFrom", "value": str(ADDRESS)}]}
    derived = Contract(str(SAFE), "1.0.0", Status.ACTIVE, (bare,), where="c.yaml:1", rest=made)
    contracts = {
        "": _contract(ADDRESS, "c.yaml"),
        "late": _contract(LATE, "l.yaml"),
        "masked": derived,
    }
    columns = frozenset({"dest", "at", "pilot"})
    observed = Observed(
        registered=True,
        number=7,
        at=NOW,
        served=frozenset({"", "late", "masked"}),
        audited=True,
        levels=(_level("freshness", ""), _level("freshness", "late"), _level("completeness", "")),
        delivered=True,
        known={"": columns, "late": columns},
    )
    query = ExampleQuery("days", "select dest", publication=7, columns=("dest",), rows=(("JFK",),))
    about = About("flights", "Flights", "flights@nycair.example")
    return Subject(Described(product, contracts), about, observed, (query,))


def _level(name: str, port: str, status: LevelStatus = LevelStatus.MET) -> LevelStanding:
    return LevelStanding(name, port, 0.99, timedelta(days=30), status)


def product(**changes: Any) -> Defect:
    def seed(subject: Subject) -> Subject:
        changed = replace(subject.described.product, **changes)
        return replace(subject, described=replace(subject.described, product=changed))

    return seed


def contract(**changes: Any) -> Defect:
    """Of the first port."""

    def seed(subject: Subject) -> Subject:
        contracts = dict(subject.described.contracts)
        contracts[""] = replace(contracts[""], **changes)
        return replace(subject, described=replace(subject.described, contracts=contracts))

    return seed


def table(**changes: Any) -> Defect:
    def seed(subject: Subject) -> Subject:
        now = subject.described.contracts[""]
        return contract(schema=(replace(now.table, **changes),))(subject)

    return seed


def columns(**changes: Any) -> Defect:
    """Of every column of both ports."""

    def seed(subject: Subject) -> Subject:
        contracts = {
            port: replace(each, schema=(replace(each.table, properties=_changed(each, changes)),))
            for port, each in subject.described.contracts.items()
            if port != "masked"
        }
        contracts = dict(subject.described.contracts) | contracts
        return replace(subject, described=replace(subject.described, contracts=contracts))

    return seed


def _changed(of: Contract, changes: Any) -> tuple[Property, ...]:
    return tuple(replace(each, **changes) for each in of.table.properties)


def seen(**changes: Any) -> Defect:
    return lambda subject: replace(subject, observed=replace(subject.observed, **changes))


def failing(more: Failing) -> Defect:
    return lambda subject: seen(failing=(*subject.observed.failing, more))(subject)


def late(status: LevelStatus, name: str = "freshness") -> Defect:
    def seed(subject: Subject) -> Subject:
        stated = subject.observed.levels
        changed = tuple(replace(e, status=status) if e.name == name else e for e in stated)
        return seen(levels=changed)(subject)

    return seed


def _no_contact(subject: Subject) -> Subject:
    return replace(subject, about=replace(subject.about, contact=None))


def _no_team(subject: Subject) -> Subject:
    bare = replace(subject, about=replace(subject.about, team=None))
    return product(team=None)(bare)


def _ends_some_day(subject: Subject) -> Subject:
    return contract(status=Status.DEPRECATED)(subject)


def _tells_a_secret(subject: Subject) -> Subject:
    told = tuple(replace(each, columns=("pilot",)) for each in subject.queries)
    return replace(subject, queries=told)


def _tells_when(subject: Subject) -> Subject:
    now = subject.described.contracts[""].table.properties
    hidden = tuple(replace(e, classification="secret") if e.name == "at" else e for e in now)
    return seen(tells_events=True)(table(properties=hidden)(subject))


def _without_masks(subject: Subject) -> Subject:
    outputs = tuple(e for e in subject.described.product.outputs if e.address != SAFE)
    left = product(outputs=outputs)(subject)
    contracts = {p: c for p, c in left.described.contracts.items() if p != "masked"}
    return replace(left, described=replace(left.described, contracts=contracts))


def _without(name: str) -> Defect:
    """A service level less, of the first port."""

    def seed(subject: Subject) -> Subject:
        stated = subject.described.contracts[""].service_levels
        left = tuple(each for each in stated if each.name != name)
        return contract(service_levels=left)(subject)

    return seed


def _no_promise_of_when(subject: Subject) -> Subject:
    bare = _without("freshness")(subject)
    kept = tuple(e for e in bare.observed.levels if e.port or e.name != "freshness")
    return seen(levels=kept)(bare)


DEFECTS: dict[str, tuple[str, Defect]] = {
    "no purpose": ("discoverable", product(purpose=" ")),
    "no owner": ("discoverable", product(members=())),
    "no team": ("discoverable", _no_team),
    "nobody to ask": ("discoverable", _no_contact),
    "no tags": ("discoverable", product(tags=())),
    "not in a document": ("discoverable", seen(registered=False)),
    "a draft": ("addressable", product(status=Status.DRAFT)),
    "a proposed contract": ("addressable", contract(status=Status.PROPOSED)),
    "an end without a date": ("addressable", _ends_some_day),
    "an input without a major": (
        "addressable",
        product(
            inputs=(InputPort("airports", "1", Address("network", "airports"), where="p.yaml:7"),)
        ),
    ),
    "a port that is not served": ("addressable", seen(served=frozenset({""}))),
    "no promise of when": ("trustworthy", _no_promise_of_when),
    "no rules": ("trustworthy", table(quality=())),
    "no event time": ("trustworthy", table(event_time=None)),
    "a rule that warns": ("trustworthy", failing(Failing("y", "range", blocks=False))),
    "a rule that fails": ("trustworthy", failing(Failing("x", "range"))),
    "data in quarantine": ("trustworthy", seen(waits=True)),
    "at risk of being late": ("trustworthy", late(LevelStatus.AT_RISK)),
    "late": ("trustworthy", late(LevelStatus.BREACHED)),
    "incomplete": ("trustworthy", late(LevelStatus.BURNING, "completeness")),
    "columns that nobody explains": ("self-describing", columns(description="")),
    "a table that nobody explains": ("self-describing", table(description=None)),
    "no limitations": ("self-describing", product(limitations=None)),
    "no usage": ("self-describing", product(usage=None)),
    "no use case": ("self-describing", product(use_cases=())),
    "an example that fails": (
        "self-describing",
        lambda subject: replace(
            subject, queries=(*subject.queries, ExampleQuery("b", "x", publication=7, note="no"))
        ),
    ),
    "an origin that nobody knows": ("self-describing", seen(known={})),
    "columns of no known type": ("interoperable", columns(type=None)),
    "no key": (
        "interoperable",
        columns(primary_key=None),
    ),
    "no entity": ("interoperable", columns(entity=None)),
    "an input that leads nowhere": (
        "interoperable",
        lambda subject: replace(subject, unresolved=frozenset({AIRPORTS})),
    ),
    "lineage that did not arrive": ("interoperable", seen(delivered=False)),
    "columns of no class": ("secure", columns(classification=None)),
    "a policy that objects": ("secure", failing(Failing("personal", "policy"))),
    "nothing masked beside what is confidential": ("secure", _without_masks),
    "no end of keeping": ("secure", _without("retention")),
    "a secret in an example": ("secure", _tells_a_secret),
    "a secret moment that all are told": ("secure", _tells_when),
    "no examples": ("self-describing", lambda subject: replace(subject, queries=())),
}
"""What may be wrong, the dimension that it is of, and how it is brought about. Where one is a worse
form of another it comes after it."""


SHOWS = {"a secret in an example", "columns of no class"}
"""An example that is not there shows nothing: with it, what these are about is seen first."""


@pytest.fixture
def perfect() -> Subject:
    return whole()


@pytest.fixture
def shows() -> set[str]:
    return SHOWS


@pytest.fixture
def defects() -> dict[str, tuple[str, Defect]]:
    return DEFECTS
