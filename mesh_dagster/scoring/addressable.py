"""Addressable: its address is promised for good, says when it ends, and leads to data."""

from __future__ import annotations

from mesh_dagster.model.product import Status
from mesh_dagster.model.score import Side
from mesh_dagster.scoring.rule import Dimension, Look, edit, named, rule, share_of
from mesh_dagster.scoring.subject import Subject

_PROMISED = (Status.ACTIVE, Status.DEPRECATED)
_ENDS = ("endOfSupport", "endOfLife")


@rule("promised", Side.DECLARED, worth=2)
def _promised(subject: Subject) -> Look:
    product, contracts = subject.described.product, subject.described.contracts
    stated = [(product.where, product.status), *((c.where, c.status) for c in contracts.values())]
    early = [each for each in stated if each[1] not in _PROMISED]
    if not early:
        return Look(1, "product and contracts are beyond draft: the address stays", product.where)
    where, status = early[0]
    share = share_of(len(stated) - len(early), len(stated))
    return Look(
        share,
        f"it is {status.value}: nobody can count on the address",
        where,
        edit(where, "status: active"),
    )


@rule("ends", Side.DECLARED)
def _ends(subject: Subject) -> Look:
    product, contracts = subject.described.product, subject.described.contracts
    deprecation = product.deprecation
    if deprecation is not None and deprecation.sunset is not None:
        return Look(1, f"it says until when it is there: {deprecation.sunset}", product.where)
    ending = [
        each
        for each in contracts.values()
        if Status.DEPRECATED in (product.status, each.status)
        and not any(level.name in _ENDS and level.value for level in each.service_levels)
    ]
    if not ending:
        return Look(1, "nothing of it ends without saying when", product.where)
    where = ending[0].where
    fix = edit(where, "slaProperties: [{property: endOfSupport, value: <date>}]")
    return Look(0, "it is deprecated and does not say until when it is there", where, fix)


@rule("pinned", Side.DECLARED)
def _pinned(subject: Subject) -> Look:
    inputs = [each for each in subject.described.product.inputs if each.address is not None]
    loose = [each for each in inputs if each.address and each.address.major is None]
    if not loose:
        return Look(1, "every product that it reads is named with its major")
    first = loose[0]
    fix = edit(first.where, f"contractId: {first.address}/v<major>")
    evidence = (
        f"reads whichever major is the newest of {named(str(each.address) for each in loose)}"
    )
    return Look(share_of(len(inputs) - len(loose), len(inputs)), evidence, first.where, fix)


@rule("served", Side.OBSERVED)
def _served(subject: Subject) -> Look:
    seen, ports = subject.observed, subject.promised
    if seen.number is None:
        return Look(0, "nothing is published there", fix=f"mesh run {subject.path}")
    missing = [each for each in ports if each not in seen.served]
    if not missing:
        at = f" of {seen.at:%Y-%m-%d %H:%M}" if seen.at else ""
        return Look(1, f"publication {seen.number}{at} has all its ports")
    share = share_of(len(ports) - len(missing), len(ports))
    lacks = named(each or "its first port" for each in missing)
    return Look(share, f"publication {seen.number} lacks {lacks}", fix=f"mesh run {subject.path}")


ADDRESSABLE = Dimension("addressable", 15, "1", (_promised, _ends, _pinned, _served))
