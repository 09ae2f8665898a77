"""The inbox of owners: what the journal knows, put as things to decide on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from mesh_dagster.model.access import AccessRequest
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.review import (
    Action,
    Audited,
    Breach,
    Review,
    ReviewKind,
    Rule,
    Ruling,
    RulingState,
    Standing,
    subject_of,
)
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.reviews.waivers import is_waived

ENDS_SOON = timedelta(days=7)
"""How long before its end a waiver is in the inbox."""

_SUBJECT, _STATE = 8, 6


def inbox(
    standing: Iterable[Standing],
    rulings: Sequence[Ruling],
    now: datetime,
    breaches: Iterable[Breach] = (),
) -> tuple[Review, ...]:
    """Everything there is to decide on in a domain, quarantine first, then by product.

    `rulings` are all decisions that were made in it, oldest first. What somebody has
    acknowledged, released or waived is in it too, with that decision (`Review.is_open`), as long
    as it holds.
    """
    each = list(standing)
    made = _by_subject(rulings)
    found = [
        *(_quarantine(one, made, now) for one in each if one.outcome is Outcome.QUARANTINED),
        *_checks(
            [one for one in each if one.outcome is not Outcome.QUARANTINED], rulings, made, now
        ),
        *(_breach(one, made, now) for one in breaches),
        *_ending(rulings, made, now),
    ]
    return tuple(sorted(found, key=_place))


def asked(requests: Iterable[AccessRequest], rulings: Sequence[Ruling]) -> tuple[Review, ...]:
    """The requests that wait for an owner, by product."""
    made = _by_subject(rulings)
    return tuple(sorted((_access(each, made) for each in requests), key=_place))


def find(reviews: Iterable[Review], asked: str) -> tuple[Review, ...]:
    """Those that an id, or its first part or the beginning of that, may mean."""
    wanted = asked.strip().lower()
    subject = subject_of(wanted)
    return tuple(
        each for each in reviews if each.id == wanted or (each.id.startswith(subject) and subject)
    )


_ORDER = {kind: at for at, kind in enumerate(ReviewKind)}


def _place(review: Review) -> tuple[int, str, tuple[str, ...], str]:
    return _ORDER[review.kind], review.product, review.partitions, review.id


def _quarantine(one: Standing, made: dict[str, list[Ruling]], now: datetime) -> Review:
    blocking = [each for each in one.results if each.blocks]
    subject = _digest(_SUBJECT, ReviewKind.QUARANTINE, one.product, one.attempt, one.partition)
    before = made[subject]
    return Review(
        id=_id(subject, before, one.revision, one.attempt),
        kind=ReviewKind.QUARANTINE,
        product=one.product,
        since=one.at,
        summary=_told(blocking or one.results),
        covers=(one.audited,),
        results=one.results,
        rows=one.rows,
        revision=one.revision,
        ruling=_noted(before, one, now),
    )


def _noted(before: Sequence[Ruling], one: Standing, now: datetime) -> Ruling | None:
    """What was decided about the audit as it stands: that it is known, or something under way."""
    for ruling in reversed(before):
        of_this = ruling.revision == one.revision and ruling.holds(now)
        if of_this and (ruling.action is Action.ACKNOWLEDGE or ruling.state is RulingState.BEGUN):
            return ruling
    return None


def _breach(one: Breach, made: dict[str, list[Ruling]], now: datetime) -> Review:
    subject = _digest(_SUBJECT, ReviewKind.BREACH, one.product, one.incident)
    before = made[subject]
    known = [each for each in before if each.holds(now)]
    return Review(
        id=_id(subject, before),
        kind=ReviewKind.BREACH,
        product=one.product,
        since=one.began,
        summary=one.summary,
        covers=(),
        ruling=known[-1] if known else None,
    )


def _access(request: AccessRequest, made: dict[str, list[Ruling]]) -> Review:
    product = request.port.of_product.path
    subject = _digest(_SUBJECT, ReviewKind.ACCESS, product, request.domain, request.id)
    until = request.until.date()
    return Review(
        id=_id(subject, made[subject], request.digest),
        kind=ReviewKind.ACCESS,
        product=product,
        since=request.at,
        summary=f"{request.by} asks to read {request.port.path} until {until}: {request.purpose}",
        covers=(),
        request=request,
    )


def _checks(
    standing: Sequence[Standing],
    rulings: Sequence[Ruling],
    made: dict[str, list[Ruling]],
    now: datetime,
) -> Iterator[Review]:
    """One for each rule of a product, with all partitions in which it does not hold."""
    grouped = defaultdict[tuple[str, Rule, bool], list[tuple[Standing, RuleResult, Ruling | None]]](
        list
    )
    holding = defaultdict[str, list[Ruling]](list)
    for ruling in rulings:
        if ruling.holds(now):
            holding[ruling.product].append(ruling)
    for one in standing:
        for result in one.results:
            rule = (result.port or "", result.rule)
            settled = _settled(holding[one.product], one.audited, rule)
            grouped[one.product, rule, settled is None].append((one, result, settled))
    for (product, rule, _), some in grouped.items():
        yield _check(product, rule, some, made)


def _check(
    product: str,
    rule: Rule,
    some: Sequence[tuple[Standing, RuleResult, Ruling | None]],
    made: dict[str, list[Ruling]],
) -> Review:
    settled = some[0][2]
    parts = (ReviewKind.CHECK, product, *rule) + (("settled",) if settled else ())
    subject = _digest(_SUBJECT, *parts)
    covers = tuple(sorted((one.audited for one, _, _ in some), key=lambda each: each[1] or ""))
    revisions = sorted((one.attempt, one.partition or "", one.revision) for one, _, _ in some)
    newest = max(some, key=lambda each: each[0].partition or "")[1]
    return Review(
        id=_id(subject, made[subject], revisions),
        kind=ReviewKind.CHECK,
        product=product,
        since=min(one.at for one, _, _ in some),
        summary=newest.message,
        covers=covers,
        results=tuple(
            replace(result, partition=result.partition or one.partition) for one, result, _ in some
        ),
        rows=sum(one.rows for one, _, _ in some),
        ruling=settled,
    )


def _settled(rulings: Sequence[Ruling], audited: Audited, rule: Rule) -> Ruling | None:
    """The newest decision that says that somebody knows of this."""
    for ruling in reversed(rulings):
        about_it = audited in ruling.covers and rule in ruling.rules
        if ruling.action in (Action.ACKNOWLEDGE, Action.RELEASE) and about_it:
            return ruling
        if is_waived(ruling, rule, audited[1]):
            return ruling
    return None


def _ending(
    rulings: Sequence[Ruling], made: dict[str, list[Ruling]], now: datetime
) -> Iterator[Review]:
    """Waivers that end soon, of the rules that were not waived anew for longer, unless somebody
    takes note of that for now."""
    for ruling in rulings:
        ends_soon = ruling.until is not None and now < ruling.until <= now + ENDS_SOON
        if ruling.action is not Action.WAIVE or not ends_soon or not ruling.holds(now):
            continue
        subject = _digest(_SUBJECT, ReviewKind.WAIVER, ruling.id)
        before = made[subject]
        left = tuple(rule for rule in ruling.rules if not _is_prolonged(ruling, rule, rulings))
        noted = any(each.action is Action.ACKNOWLEDGE and each.holds(now) for each in before)
        if noted or not left:
            continue
        rules = ", ".join(rule for _, rule in left)
        yield Review(
            id=_id(subject, before, left),
            kind=ReviewKind.WAIVER,
            product=ruling.product,
            since=ruling.at,
            summary=f"the waiver of {rules} ends at {ruling.until:%Y-%m-%d %H:%M}",
            covers=ruling.covers,
            ruling=replace(ruling, rules=left),
        )


def _is_prolonged(ruling: Ruling, rule: Rule, rulings: Sequence[Ruling]) -> bool:
    return any(
        other.action is Action.WAIVE
        and other.product == ruling.product
        and other.state is not RulingState.FAILED
        and rule in other.rules
        and other.until is not None
        and ruling.until is not None
        and other.until > ruling.until
        for other in rulings
    )


def _by_subject(rulings: Iterable[Ruling]) -> dict[str, list[Ruling]]:
    found = defaultdict[str, list[Ruling]](list)
    for each in rulings:
        found[each.subject].append(each)
    return found


def _id(subject: str, before: Sequence[Ruling], *state: object) -> str:
    last = before[-1].id if before else ""
    return f"{subject}-{_digest(_STATE, last, *state)}"


def _digest(length: int, *parts: object) -> str:
    return sha256(json.dumps(parts, default=str).encode()).hexdigest()[:length]


def _told(results: Sequence[RuleResult]) -> str:
    more = f", and {len(results) - 1} more" if len(results) > 1 else ""
    return (results[0].message if results else "nothing fails any more") + more
