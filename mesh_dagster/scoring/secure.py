"""Secure: it is known of every column who may see it, and nothing confidential is told to all."""

from __future__ import annotations

import shlex

from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.finding import POLICY
from mesh_dagster.model.mask import MASKED
from mesh_dagster.model.score import Side
from mesh_dagster.scoring.rule import Dimension, Look, edit, named, plain, rule, share_of
from mesh_dagster.scoring.subject import Subject

_RETENTION = "retention"


@rule("classified", Side.DECLARED, worth=4)
def _classified(subject: Subject) -> Look:
    every = [each for _, each in subject.columns()]
    open_ones = [each for each in every if not (each.classification or "").strip()]
    if not open_ones and every:
        return Look(1, f"all {len(every)} columns are classified")
    where = open_ones[0].where if open_ones else None
    evidence = f"nobody said who may see {named(each.name for each in open_ones)}"
    fix = edit(where, "classification: public, or what it is")
    return Look(share_of(len(every) - len(open_ones), len(every)), evidence, where, fix)


@rule("retention", Side.DECLARED)
def _retention(subject: Subject) -> Look:
    contracts = list(subject.contracts.values())
    lacking = [each for each in contracts if each.service_level(_RETENTION) is None]
    if not lacking and contracts:
        return Look(1, "every port says for how long data is kept")
    where = lacking[0].where if lacking else None
    fix = edit(where, "slaProperties: [{property: retention, value: 1, unit: y}]")
    share = share_of(len(contracts) - len(lacking), len(contracts))
    return Look(share, "nothing says for how long data is kept", where, fix)


@rule("masked", Side.DECLARED, worth=2)
def _masked(subject: Subject) -> Look:
    """What has no class counts as not masked: to classify it then costs nothing."""
    every = [each for _, each in subject.columns()]
    if any(each == MASKED for each in subject.ports):
        return Look(1, "beside what is confidential there is a port that is masked")
    hidden = {id(each) for c in subject.contracts.values() for each in _hidden_in(c)}
    bare = [each for each in every if id(each) in hidden or not (each.classification or "").strip()]
    if not bare and every:
        return Look(1, "nothing of it is confidential, so nothing needs a mask")
    closed = [each for each in bare if id(each) in hidden] or bare
    where = closed[0].where if closed else None
    fix = edit(where, "customProperties: [{property: mask, value: hash}]")
    evidence = f"nothing of it can be shared without {named(each.name for each in closed)}"
    return Look(share_of(len(every) - len(bare), len(every)), evidence, where, fix)


def _hidden_in(contract: Contract) -> list[Property]:
    return [each for each in contract.table.properties if each.hidden]


@rule("hidden", Side.OBSERVED, worth=2)
def _hidden(subject: Subject) -> Look:
    """What nobody classified may be as confidential: to classify it then reveals no new lack."""
    told = _told(subject)
    fix = f"mesh registry write {subject.described.domain}"
    hidden = {
        column for each in subject.contracts.values() for column in each.confidential_columns()
    }
    if told & hidden:
        return Look(0, f"everybody is told values of {named(sorted(told & hidden))}", fix=fix)
    unknown = [each for _, each in subject.columns() if not (each.classification or "").strip()]
    open_to_all = [each for each in unknown if each.column in told]
    if open_to_all:
        first = open_to_all[0]
        names = named(sorted({each.column for each in open_to_all}))
        fix = edit(first.where, "classification: public, or what it is") or fix
        evidence = f"everybody is told values of {names}, and nobody said who may see them"
        return Look(0, evidence, first.where, fix)
    return Look(1, "no confidential column is in what everybody is told")


@rule("policies", Side.OBSERVED)
def _policies(subject: Subject) -> Look:
    against = [each for each in subject.observed.failing if each.kind == POLICY]
    if not against:
        return Look(1, "no policy objects to what was made")
    first = next((each for each in against if each.blocks), against[0])
    evidence = f"what was made is against {named(each.rule for each in against)}"
    share = 0 if first.blocks else 0.5
    return Look(
        share, evidence, first.where, f"mesh policy explain {shlex.quote(plain(first.rule))}"
    )


def _told(subject: Subject) -> set[str]:
    """The columns of which everybody is told values: in example results, and when events were."""
    told = {column for each in subject.queries for column in each.columns}
    if subject.observed.tells_events:
        times = (each.table.event_time for each in subject.contracts.values())
        told |= {each for each in times if each is not None}
    return told - subject.masked


SECURE = Dimension(
    "secure", 15, "1", (_classified, _masked, _retention, _hidden, _policies), guards=True
)
