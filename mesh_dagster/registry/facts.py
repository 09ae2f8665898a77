"""How a product is served and has done, as the part of its entry that changes as it is used.

Written in plain JSON; read from whatever a domain wrote: a section that cannot be understood is
left out and told, and takes nothing else with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from mesh_dagster.descriptors.queries import NAME as NAME_OF_A_QUERY
from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import (
    Access,
    Cell,
    ExampleQuery,
    Facts,
    LevelStanding,
    ObservedRead,
    RuleStanding,
    ServedPort,
    Told,
)
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.score import MOST as BEST
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.slo import Status
from mesh_dagster.registry.made_of import columns_from_json, json_from_columns

MOST = 1000
"""Items of one list that are read; columns of a table are fewer, and so are rules."""

MOST_DIMENSIONS, LONGEST_VERSION = 50, 500
"""Of a score."""

_Item = TypeVar("_Item")
UNUSABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, AddressError)


def json_from_facts(facts: Facts) -> dict[str, Any]:
    """The sections of an entry; one that has nothing to say is not there."""
    sections: dict[str, Any] = {
        "ports": [_port(each) for each in facts.ports],
        "publications": [_told(each) for each in facts.publications],
        "newestEvent": facts.newest_event and facts.newest_event.isoformat(),
        "quality": [_rule(each) for each in facts.quality],
        "slos": [_level(each) for each in facts.levels],
        "queries": [_query(each) for each in facts.queries],
        "access": _access(facts.access),
        "reads": [_read(each) for each in facts.reads],
        "columns": {port: json_from_columns(each) for port, each in sorted(facts.columns.items())},
        "score": facts.score and _score(facts.score),
    }
    return {name: section for name, section in sections.items() if section}


def facts_from_json(entry: Mapping[str, Any], source: Source) -> Facts:
    """The sections of an entry that can be understood; what is wrong with others is reported."""

    def left_out(what: str, why: str) -> None:
        told = f"`{what}` of the discovery document is left out: {why[:200]}"
        source.report("MESH-D042", told, severity=Severity.WARNING)

    def section(name: str, read: Callable[[Any], _Item], otherwise: _Item) -> _Item:
        if entry.get(name) is None:
            return otherwise
        try:
            return read(entry[name])
        except UNUSABLE as error:
            left_out(name, str(error))
            return otherwise

    queries = section("queries", _each(_query_from), tuple[ExampleQuery, ...]())
    typed = tuple(each for each in queries if NAME_OF_A_QUERY.fullmatch(each.name))
    if odd := len(queries) - len(typed):
        first = next(each.name for each in queries if not NAME_OF_A_QUERY.fullmatch(each.name))
        left_out("queries", f"{odd} of them, as {shown(first)} is no name to type in a shell")

    return Facts(
        ports=section("ports", _each(_port_from), ()),
        publications=section("publications", _each(_told_from), ()),
        newest_event=section("newestEvent", _moment, None),
        quality=section("quality", _each(_rule_from), ()),
        levels=section("slos", _each(_level_from), ()),
        queries=typed,
        access=section("access", _access_from, Access()),
        reads=section("reads", _each(_read_from), ()),
        columns=section("columns", columns_from_json, {}),
        score=section("score", score_from_json, None),
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _port(port: ServedPort) -> dict[str, Any]:
    return {
        "address": str(port.address),
        "sqlName": port.address.sql_name,
        "format": port.format,
        "location": port.location,
    }


def _port_from(stated: dict[str, Any]) -> ServedPort:
    return ServedPort(_address(stated), text(stated["format"]), text(stated["location"]))


def _told(each: Told) -> dict[str, Any]:
    return _given(
        number=each.number,
        at=each.at.isoformat(),
        kind=each.kind,
        rows=dict(each.rows),
        partitions=None if each.partitions is None else list(each.partitions),
    )


def _told_from(stated: dict[str, Any]) -> Told:
    partitions = stated.get("partitions")
    return Told(
        number=whole(stated["number"]),
        at=_moment(stated["at"]),
        kind=text(stated["kind"]),
        rows={text(port): whole(rows) for port, rows in stated["rows"].items()},
        partitions=None if partitions is None else texts(partitions),
    )


def _rule(each: RuleStanding) -> dict[str, Any]:
    return _given(
        rule=each.rule,
        port=each.port,
        kind=each.kind,
        column=each.column,
        dimension=each.dimension,
        severity=each.severity.value,
        outcome=each.verdict.value,
        failing=each.failing,
    )


def _rule_from(stated: dict[str, Any]) -> RuleStanding:
    return RuleStanding(
        rule=text(stated["rule"]),
        port=text(stated["port"]),
        kind=text(stated["kind"]),
        severity=Severity(stated["severity"]),
        verdict=Verdict(stated["outcome"]),
        column=_maybe(stated, "column"),
        dimension=_maybe(stated, "dimension"),
        failing=_share(stated.get("failing")),
    )


def _level(each: LevelStanding) -> dict[str, Any]:
    return _given(
        name=each.name,
        port=each.port,
        objective=each.objective,
        windowSeconds=each.window.total_seconds(),
        limitSeconds=each.limit.total_seconds() if each.limit is not None else None,
        state=each.status.value,
        attained=each.attained,
        budgetLeft=each.left,
    )


def _level_from(stated: dict[str, Any]) -> LevelStanding:
    limit = stated.get("limitSeconds")
    return LevelStanding(
        name=text(stated["name"]),
        port=text(stated["port"]),
        objective=_number(stated["objective"]),
        window=timedelta(seconds=_number(stated["windowSeconds"])),
        status=Status(stated["state"]),
        attained=_share(stated.get("attained")),
        left=_share(stated.get("budgetLeft")),
        limit=None if limit is None else timedelta(seconds=_number(limit)),
    )


def _query(each: ExampleQuery) -> dict[str, Any]:
    ran = each.publication is not None
    return _given(
        name=each.name,
        title=each.title,
        sql=each.sql,
        publication=each.publication,
        columns=list(each.columns) if ran else None,
        rows=[list(row) for row in each.rows] if ran else None,
        note=each.note,
        withheld=each.withheld or None,
    )


def _query_from(stated: dict[str, Any]) -> ExampleQuery:
    columns = texts(stated.get("columns", []))
    rows = tuple(tuple(_cell(cell) for cell in row) for row in _listed(stated.get("rows", [])))
    if any(len(row) != len(columns) for row in rows):
        raise ValueError("an example result has rows of other lengths than it has columns")
    return ExampleQuery(
        name=text(stated["name"]),
        sql=text(stated["sql"]),
        title=text(stated.get("title", "")),
        publication=None if stated.get("publication") is None else whole(stated["publication"]),
        columns=columns,
        rows=rows,
        note=_maybe(stated, "note"),
        withheld=stated.get("withheld") is True,
    )


def _access(access: Access) -> dict[str, Any]:
    found = _given(
        team=access.team,
        ask=list(access.ask),
        roles=list(access.roles),
        ports=dict(access.ports),
    )
    return {name: value for name, value in found.items() if value}


def _access_from(stated: dict[str, Any]) -> Access:
    roles = texts(stated.get("roles", []))
    ports = stated.get("ports", {})
    if not isinstance(ports, dict) or len(ports) > MOST:
        raise ValueError(f"`ports` is {shown(ports)}, expected a mapping")
    told = {text(port): text(who) for port, who in ports.items()}
    return Access(_maybe(stated, "team"), texts(stated.get("ask", [])), roles, told)


def _read(each: ObservedRead) -> dict[str, Any]:
    return _given(
        port=each.port,
        address=str(each.address),
        publication=each.publication,
        columns=None if each.columns is None else list(each.columns),
    )


def _read_from(stated: dict[str, Any]) -> ObservedRead:
    number, columns = stated.get("publication"), stated.get("columns")
    return ObservedRead(
        port=text(stated["port"]),
        address=_address(stated),
        publication=None if number is None else whole(number),
        columns=None if columns is None else texts(columns),
    )


def _score(score: ScoreTold) -> dict[str, Any]:
    return {
        "overall": score.overall,
        "rules": score.rules,
        "dimensions": dict(score.dimensions),
    }


def score_from_json(stated: dict[str, Any]) -> ScoreTold:
    """A score as a document has it. Raises what is in `UNUSABLE`."""
    dimensions = stated.get("dimensions", {})
    if len(dimensions) > MOST_DIMENSIONS:
        raise ValueError(f"it has {len(dimensions):,} dimensions, {MOST_DIMENSIONS} are allowed")
    return ScoreTold(
        rules=text(stated["rules"])[:LONGEST_VERSION],
        overall=_percent(stated["overall"]),
        dimensions={text(name): _percent(value) for name, value in dimensions.items()},
    )


def _percent(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= BEST:
        raise ValueError(f"it has {shown(value)} where a number from 0 to {BEST} is expected")
    return value


def _each(read: Callable[[dict[str, Any]], _Item]) -> Callable[[Any], tuple[_Item, ...]]:
    return lambda stated: tuple(read(each) for each in _listed(stated))


def _listed(stated: Any) -> list[Any]:
    if not isinstance(stated, list):
        raise ValueError(f"it is {shown(stated)}, expected a list")
    if len(stated) > MOST:
        raise ValueError(f"a list of it has {len(stated):,} items, {MOST:,} are allowed")
    return stated


def _address(stated: Mapping[str, Any]) -> Address:
    return Address.parse(text(stated["address"]))


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"it has {shown(value)} where a text is expected")
    return value


def texts(stated: Any) -> tuple[str, ...]:
    return tuple(map(text, _listed(stated)))


def _maybe(stated: Mapping[str, Any], name: str) -> str | None:
    return None if stated.get(name) is None else text(stated[name])


def whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"it has {shown(value)} where a count is expected")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"it has {shown(value)} where a number is expected")
    return float(value)


def _share(value: Any) -> float | None:
    return None if value is None else _number(value)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError(f"{value} is a moment without a time zone")
    return moment


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"an example result holds {shown(value)}")
