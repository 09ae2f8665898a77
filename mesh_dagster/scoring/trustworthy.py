"""Trustworthy: it promises when and how well, tests that, and keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mesh_dagster.model.contract import Contract
from mesh_dagster.model.discovery import LevelStanding
from mesh_dagster.model.finding import POLICY
from mesh_dagster.model.score import Side
from mesh_dagster.model.slo import Indicator, Status
from mesh_dagster.scoring.rule import Dimension, Look, edit, named, rule, share_of
from mesh_dagster.scoring.subject import Subject

_TIMELY = (Indicator.FRESHNESS, Indicator.FREQUENCY, Indicator.LATENCY)
_ELSEWHERE = (Indicator.LINEAGE,)
"""Objectives that another dimension looks at."""

_KEPT = {Status.MET: 1.0, Status.AT_RISK: 0.5}


@rule("timely", Side.DECLARED, worth=2)
def _timely(subject: Subject) -> Look:
    return _of_every_port(
        subject,
        _is_timely,
        "every port promises how fresh it is, or how often it changes",
        "promises no freshness, frequency or latency",
        "slaProperties: [{property: freshness, value: 26, unit: h}]",
    )


@rule("tested", Side.DECLARED, worth=2)
def _tested(subject: Subject) -> Look:
    return _of_every_port(
        subject,
        _is_tested,
        "every port has rules of quality",
        "has no rule of quality",
        "quality: [{metric: rowCount, mustBeGreaterThan: 0}]",
    )


@rule("event-time", Side.DECLARED)
def _event_time(subject: Subject) -> Look:
    return _of_every_port(
        subject,
        lambda each: bool(each.table.event_time),
        "every port says which column tells when a fact happened",
        "does not say which column tells when a fact happened",
        "customProperties: [{property: eventTime, value: <column>}]",
    )


@rule("audited", Side.OBSERVED, worth=3)
def _audited(subject: Subject) -> Look:
    seen, path = subject.observed, subject.path
    if not seen.audited:
        return Look(0, "no audit is known", fix=f"mesh run {path}")
    # What policies object to is asked by another dimension.
    failing = [each for each in seen.failing if each.kind != POLICY]
    if not failing:
        return Look(1, "its newest audits held every rule")
    blocking = [each for each in failing if each.blocks]
    first = (blocking or failing)[0]
    what = "broke" if blocking else "warn of"
    evidence = f"its newest audits {what} {named(each.rule for each in blocking or failing)}"
    return Look(0 if blocking else 0.5, evidence, first.where, f"mesh review --product {path}")


@rule("settled", Side.OBSERVED)
def _settled(subject: Subject) -> Look:
    if not subject.observed.audited:
        return Look(0, "nothing was made yet", fix=f"mesh run {subject.path}")
    if subject.observed.waits:
        fix = f"mesh review --product {subject.path}"
        return Look(0, "data waits in quarantine for its owner", fix=fix)
    return Look(1, "nothing waits in quarantine")


@rule("on-time", Side.OBSERVED, worth=2)
def _on_time(subject: Subject) -> Look:
    timely = [str(each) for each in _TIMELY]
    shares = []
    bad: list[LevelStanding] = []
    for port in subject.contracts:
        stated = [e for e in subject.observed.levels if e.port == port and e.name in timely]
        bad += [each for each in stated if each.status is not Status.MET]
        shares.append(min((_KEPT.get(each.status, 0.0) for each in stated), default=0.0))
    share = sum(shares) / len(shares) if shares else 0.0
    if share == 1:
        return Look(1, "freshness, frequency and latency are kept as promised")
    evidence = _standing(bad) if bad else "nothing is promised of when, so nothing is kept"
    return Look(share, evidence, fix=f"mesh slo {subject.path}")


@rule("kept", Side.OBSERVED)
def _kept(subject: Subject) -> Look:
    apart = [str(each) for each in (*_TIMELY, *_ELSEWHERE)]
    others = [each for each in subject.observed.levels if each.name not in apart]
    bad = [each for each in others if each.status is not Status.MET]
    if not bad:
        return Look(1, "whatever else is promised is kept")
    worst = min(_KEPT.get(each.status, 0.0) for each in bad)
    return Look(worst, _standing(bad), fix=f"mesh slo {subject.path}")


def _is_timely(contract: Contract) -> bool:
    names = [str(each) for each in _TIMELY]
    return any(each.name in names for each in contract.service_levels)


def _is_tested(contract: Contract) -> bool:
    table = contract.table
    of_columns = (each.quality or each.options or each.relationships for each in table.properties)
    return bool(table.quality or table.relationships) or any(map(bool, of_columns))


def _standing(levels: Iterable[LevelStanding]) -> str:
    told = [f"{each.name} is {each.status.words}" for each in levels]
    return named(told)


def _of_every_port(
    subject: Subject, holds: Callable[[Contract], bool], good: str, lack: str, fix: str
) -> Look:
    """What every contract of a product has to say; `lack` is told of a port that does not."""
    every = subject.contracts
    lacking = {port: each for port, each in every.items() if not holds(each)}
    if every and not lacking:
        return Look(1, good)
    where = next((each.where for each in lacking.values()), None)
    port = next((port for port in lacking if port), "")
    said = f"the port {port} {lack}" if port and len(lacking) == 1 else f"it {lack}"
    return Look(share_of(len(every) - len(lacking), len(every)), said, where, edit(where, fix))


TRUSTWORTHY = Dimension(
    "trustworthy",
    25,
    "1",
    (_timely, _tested, _event_time, _audited, _settled, _on_time, _kept),
)
