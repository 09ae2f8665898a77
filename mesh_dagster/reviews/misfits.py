"""Decisions that make no sense, told before anything is recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from mesh_dagster.errors import UsageError
from mesh_dagster.model.finding import POLICY
from mesh_dagster.model.review import Action, Review, ReviewKind

MISFIT = "MESH-M048"

ACTIONS = {
    ReviewKind.QUARANTINE: (
        Action.REAUDIT,
        Action.RELEASE,
        Action.DISCARD,
        Action.WAIVE,
        Action.ACKNOWLEDGE,
    ),
    ReviewKind.BREACH: (Action.ACKNOWLEDGE,),
    ReviewKind.CHECK: (Action.ACKNOWLEDGE, Action.WAIVE),
    ReviewKind.WAIVER: (Action.ACKNOWLEDGE, Action.WAIVE),
    ReviewKind.ACCESS: (Action.GRANT, Action.REFUSE),
}
"""What can be decided on what."""

_A_MONTH = timedelta(days=30)
LONGEST = 2_000
"""Characters of a reason: it stands in the publication that a release makes."""

_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LASTING = (Action.REAUDIT, Action.DISCARD, Action.REFUSE)


def refuse_misfit(
    review: Review,
    action: Action,
    why: str,
    *,
    until: datetime | None,
    rules: Sequence[str],
    now: datetime,
) -> None:
    """Raise `UsageError` for a decision that does not fit what it is on."""
    if action not in ACTIONS[review.kind]:
        raise _misfit(
            f"{review.id} is of the kind {review.kind}: it cannot be decided on by {action}",
            f"mesh review {ACTIONS[review.kind][0]} {review.id} --why '...'",
        )
    refuse_reason(why)
    if action in (Action.RELEASE, Action.WAIVE):
        _refuse_policies(review, action, rules, now)
    if until is not None:
        _refuse_end(review, action, until, now)
    if action is Action.WAIVE:
        _refuse_waiver(review, until, rules, now)
    elif rules:
        raise _misfit(f"to {action} is about all of it; only a waiver names rules", "leave it out")


def _refuse_policies(review: Review, action: Action, rules: Sequence[str], now: datetime) -> None:
    """An owner answers for his contract; whoever governs a policy lets a product off it."""
    told = [each for each in review.results if each.kind == POLICY]
    if action is Action.RELEASE:
        asked = [each.rule for each in told if each.blocks]
    else:
        asked = [each.rule for each in told if not rules or each.rule in rules]
    if asked:
        raise _misfit(
            f"{asked[0]} is a policy, and stands: it is waived by those who govern it",
            f"mesh waive {asked[0]} {review.product} --why '...' "
            f"--until {now + _A_MONTH:%Y-%m-%d}; then "
            f"mesh review reaudit {review.id} --why '...'",
        )


def refuse_reason(why: str) -> None:
    """Raise `UsageError` for a reason that is none, or that no record should have."""
    if not any(each.isalnum() for each in why):
        raise _misfit("a decision needs a reason, for whoever reads the record", "--why '...'")
    if len(why) > LONGEST:
        raise _misfit(f"the reason has {len(why):,} characters, and {LONGEST:,} are kept", "--why")
    if _HARMFUL.search(why):
        raise _misfit(
            "the reason has characters that change what a terminal shows: it is plain text",
            "--why '...'",
        )


def _refuse_end(review: Review, action: Action, until: datetime, now: datetime) -> None:
    if action in _LASTING:
        raise _misfit(f"what is done by {action} stays done: it has no end", "leave --until out")
    if until <= now:
        raise _misfit(
            f"{until:%Y-%m-%d %H:%M} is over already, by the clock of this mesh: it is "
            f"{now:%Y-%m-%d %H:%M}",
            f"mesh review {action} {review.id} --why '...' --until {now + _A_MONTH:%Y-%m-%d}",
        )
    if review.request is not None and review.request.until < until:
        raise _misfit(
            f"{review.request.until:%Y-%m-%d %H:%M} is until when it was asked for, and "
            f"{until:%Y-%m-%d %H:%M} is after that",
            f"mesh review {action} {review.id} --why '...', until when it was asked for",
        )


def _refuse_waiver(
    review: Review, until: datetime | None, rules: Sequence[str], now: datetime
) -> None:
    names = [rule for _, rule in review.rules]
    if unknown := [each for each in rules if each not in names]:
        raise _misfit(
            f"{unknown[0]} is none of the rules that do not hold there: {', '.join(names)}",
            f"mesh review waive {review.id} --rule {names[0]} --why '...'"
            if names
            else "leave --rule out",
        )
    if until is None and (review.kind is ReviewKind.WAIVER or not review.partitions):
        raise _misfit(
            f"{review.product} is not waived for a partition here, so the waiver needs an end",
            f"mesh review waive {review.id} --why '...' --until {now + _A_MONTH:%Y-%m-%d}",
        )


def _misfit(what: str, fix: str) -> UsageError:
    return UsageError(what, code=MISFIT, fix=fix)
