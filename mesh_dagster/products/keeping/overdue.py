"""What waits in the inbox of owners for longer than they want to let anything wait.

Something is overdue `reviewWithin` after it came into the inbox. A waiver that ends is told in
time for its end, whatever that says; and that it has ended, where what it waived does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mesh_dagster import clock
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.event import Event, EventKind, spelled
from mesh_dagster.model.review import Action, Review, ReviewKind, Ruling, RulingState
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.inbox import ENDS_SOON, inbox

MOST_LISTED = 20
_BEFORE_ITS_END = timedelta(days=1)
_WAITS = {
    ReviewKind.QUARANTINE: "waits in quarantine",
    ReviewKind.CHECK: "is published although a rule does not hold",
    ReviewKind.BREACH: "breaches a service level",
}


def overdue(mesh: Mesh, domain: Domain, journal: Journal, patience: timedelta) -> list[Event]:
    """What of a domain's inbox has waited too long, and nobody was told of yet.

    Each is told once for as long as it waits. Raises `JournalError`.
    """
    own = {each.address.path for each in mesh.own(domain.name)}
    now = clock.now()
    standing, rulings, breaches = journal.reviews.seen()
    opened = {
        each.subject: each
        for each in inbox(standing, rulings, now, breaches)
        if each.product in own and each.is_open
    }
    since = journal.reviews.waiting(
        {subject: (each.product, _since(each, rulings, now)) for subject, each in opened.items()}
    )
    found = [
        _told(each, since[subject], now)
        for subject, each in opened.items()
        if _due(each, since[subject], patience) <= now
    ]
    found += _ended(list(opened.values()), rulings, patience, now)
    return journal.outbox.unknown(found)


def _since(review: Review, rulings: Sequence[Ruling], now: datetime) -> datetime:
    """When it came into the inbox, as far as it tells itself: what was decided may have ended."""
    if review.ruling is not None and review.ruling.until is not None:
        return max(review.ruling.until - ENDS_SOON, review.ruling.at)
    ended = (
        each.until
        for each in rulings
        if each.until is not None and each.until <= now and each.subject == review.subject
    )
    return max([review.since, *ended])


def _due(review: Review, since: datetime, patience: timedelta) -> datetime:
    """When to tell of it: of a waiver a day before its end at the latest, and not at once."""
    ends = review.ruling.until if review.ruling is not None else None
    if ends is None:
        return since + patience
    return min(since + patience, max(ends - _BEFORE_ITS_END, since + (ends - since) / 2))


def _told(review: Review, since: datetime, now: datetime) -> Event:
    if review.kind is ReviewKind.WAIVER:
        said = f"{review.summary} UTC, and nobody has decided what comes then"
    else:
        keys = f" ({spelled(review.partitions)})" if review.partitions else ""
        said = f"{_WAITS[review.kind]}{keys} since {since:%Y-%m-%d %H:%M} UTC, and nobody has "
        said += f"decided: {review.summary}"
    return _event(review, f"{review.subject}:{since.isoformat()}", said, now)


def _ended(
    opened: Sequence[Review], rulings: Sequence[Ruling], patience: timedelta, now: datetime
) -> Iterator[Event]:
    """Waivers that ended a while ago at most, of rules that do not hold."""
    for ruling in rulings:
        over = ruling.until is not None and ruling.until <= now < ruling.until + patience
        if ruling.action is not Action.WAIVE or ruling.state is RulingState.FAILED or not over:
            continue
        failing = (
            each
            for each in opened
            if each.product == ruling.product and set(each.rules) & set(ruling.rules)
        )
        for each in failing:
            rules = ", ".join(sorted(name for _, name in set(each.rules) & set(ruling.rules)))
            said = f"the waiver of {rules} by {ruling.by.name} ended at "
            said += f"{ruling.until:%Y-%m-%d %H:%M} UTC, and it does not hold: {each.summary}"
            yield _event(each, f"{each.subject}:{ruling.id}", said, now)


def _event(review: Review, key: str, said: str, now: datetime) -> Event:
    return Event(
        EventKind.REVIEW_OVERDUE,
        review.product,
        now,
        key=f"{EventKind.REVIEW_OVERDUE}:{key}",
        summary=f"{review.product}: {said}",
        details={
            "review": review.id,
            "waits": review.kind.value,
            "partitions": list(review.partitions[:MOST_LISTED]),
            "rules": [
                {"rule": each.rule, "message": each.message, "where": each.where}
                for each in review.results[:MOST_LISTED]
            ],
        },
        objective=review.subject,
    )
