"""What there is to decide on, from what stands and what was decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.errors import UsageError
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import (
    Action,
    Review,
    ReviewKind,
    Ruling,
    RulingState,
    Standing,
)
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.reviews.inbox import find, inbox
from mesh_dagster.reviews.misfits import refuse_misfit
from mesh_dagster.reviews.waivers import Waivers

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
WHO = Identity("owner@example.org", "os", verified=True)
RULES = ("key", "range")
DAYS = ("2013-11-01", "2013-11-02")


def _result(rule: str, severity: Severity = Severity.ERROR) -> RuleResult:
    verdict = Verdict.FAILED if severity is Severity.ERROR else Verdict.WARNED
    return RuleResult(rule, "unique", verdict, severity, f"{rule} does not hold", failed=3)


def _standing(
    day: str, outcome: Outcome, *results: RuleResult, attempt: str = "a1", revision: int = 0
) -> Standing:
    return Standing("shop/sales/v1", attempt, day, revision, outcome, 10, NOW, results)


def _ruling(review: Review, action: Action, **rest: object) -> Ruling:
    made = Ruling(
        id=f"r{rest.pop('number', 1)}",
        review=review.id,
        product=review.product,
        action=action,
        by=WHO,
        why="so",
        at=NOW,
        covers=review.covers,
        rules=review.rules,
        revision=review.revision,
    )
    return replace(made, **rest)


def test_quarantine_comes_first_and_one_rule_is_one_thing_to_decide_on() -> None:
    warning = _result("rows", Severity.WARNING)
    found = inbox(
        [
            _standing(DAYS[0], Outcome.PUBLISHED, warning),
            _standing(DAYS[1], Outcome.PUBLISHED, warning),
            _standing("2013-11-03", Outcome.QUARANTINED, _result("key"), warning),
        ],
        [],
        NOW,
    )
    assert [(each.kind, each.partitions) for each in found] == [
        (ReviewKind.QUARANTINE, ("2013-11-03",)),
        (ReviewKind.CHECK, DAYS),
    ]
    assert found[0].summary == "key does not hold"


def test_the_first_part_of_an_id_stays_and_the_second_changes_with_the_audit() -> None:
    before, after = (
        inbox([_standing(DAYS[0], Outcome.QUARANTINED, _result("key"), revision=n)], [], NOW)[0]
        for n in (0, 1)
    )
    assert before.id != after.id
    assert before.id.split("-")[0] == after.id.split("-")[0]
    assert find([after], before.id) == (after,)
    assert find([after], after.id[:5]) == (after,)
    assert find([after], "") == ()


def test_a_failed_decision_leaves_what_it_was_about_open_under_another_id() -> None:
    standing = [_standing(DAYS[0], Outcome.QUARANTINED, _result("key"))]
    (review,) = inbox(standing, [], NOW)
    failed = _ruling(review, Action.RELEASE, state=RulingState.FAILED)
    (again,) = inbox(standing, [failed], NOW)
    assert again.is_open
    assert again.id != review.id


def test_a_decision_under_way_is_shown() -> None:
    standing = [_standing(DAYS[0], Outcome.QUARANTINED, _result("key"))]
    (review,) = inbox(standing, [], NOW)
    begun = _ruling(review, Action.RELEASE, state=RulingState.BEGUN)
    (again,) = inbox(standing, [begun], NOW)
    assert again.ruling == begun
    assert not again.is_open


results = st.lists(st.sampled_from(RULES), min_size=1, unique=True)
made = st.lists(
    st.tuples(
        st.sampled_from([Action.ACKNOWLEDGE, Action.RELEASE, Action.WAIVE]),
        st.sets(st.sampled_from(DAYS), min_size=1),
        st.sets(st.sampled_from(RULES), min_size=1),
        st.sampled_from([None, -1, 1, 30]),
        st.sampled_from(list(RulingState)),
    ),
    max_size=5,
)


Decided = list[tuple[Action, set[str], set[str], int | None, RulingState]]


def _rulings(decided: Decided) -> tuple[Ruling, ...]:
    return tuple(
        Ruling(
            f"r{at}",
            f"{at:08}-000000",
            "shop/sales/v1",
            action,
            WHO,
            "so",
            NOW,
            until=None if days is None else NOW + timedelta(days=days),
            covers=tuple(("a1", day) for day in sorted(about)),
            rules=tuple(("", rule) for rule in sorted(rules)),
            state=state,
        )
        for at, (action, about, rules, days, state) in enumerate(decided)
    )


@given(st.dictionaries(st.sampled_from(DAYS), results, min_size=1), made)
def test_every_rule_that_does_not_hold_is_in_the_inbox_once_open_or_settled(
    failing: dict[str, list[str]],
    decided: Decided,
) -> None:
    standing = [
        _standing(day, Outcome.PUBLISHED, *map(_result, rules)) for day, rules in failing.items()
    ]
    rulings = _rulings(decided)
    checks = [each for each in inbox(standing, rulings, NOW) if each.kind is ReviewKind.CHECK]
    told = [
        (rule, day, each.is_open) for each in checks for _, rule in each.rules
        for day in each.partitions
    ]  # fmt: skip
    assert sorted((rule, day) for rule, day, _ in told) == sorted(
        (rule, day) for day, rules in failing.items() for rule in rules
    )
    for rule, day, is_open in told:
        holding = [each for each in rulings if each.holds(NOW)]
        known = any(
            ("", rule) in each.rules
            and (
                ("a1", day) in each.covers
                or (each.action is Action.WAIVE and each.until is not None)
            )
            for each in holding
        )
        assert is_open is not known


@given(made)
def test_a_waived_result_says_by_whom_until_when_and_never_hides_that_it_failed(
    decided: Decided,
) -> None:
    rulings = _rulings(decided)
    for day in DAYS:
        marked = Waivers(rulings, NOW).marked(map(_result, RULES), day)
        for result in marked:
            waiving = [
                each
                for each in rulings
                if each.action is Action.WAIVE
                and each.holds(NOW)
                and ("", result.rule) in each.rules
                and (each.until is not None or ("a1", day) in each.covers)
            ]
            assert (result.verdict, result.failed) == (Verdict.FAILED, 3)
            assert result.blocks is not bool(waiving)
            assert (result.waived_by is not None) is bool(waiving)
            if waiving:
                ends = [each.until for each in waiving]
                assert result.waived_until == (None if None in ends else max(filter(None, ends)))


def _waiver(days: int, *rules: str, number: int = 1) -> Ruling:
    (review,) = inbox([_standing(DAYS[0], Outcome.QUARANTINED, *map(_result, rules))], [], NOW)
    return _ruling(review, Action.WAIVE, until=NOW + timedelta(days=days), number=number)


def _ending(rulings: list[Ruling], after: timedelta = timedelta()) -> list[Review]:
    found = inbox([], rulings, NOW + after)
    return [each for each in found if each.kind is ReviewKind.WAIVER]


def test_a_waiver_that_ends_comes_back_when_taking_note_of_it_has_ended() -> None:
    waived = _waiver(2, "key")
    (review,) = _ending([waived])
    for_a_day = _ruling(review, Action.ACKNOWLEDGE, number=2, until=NOW + timedelta(days=1))
    assert _ending([waived, for_a_day]) == []
    (again,) = _ending([waived, for_a_day], timedelta(days=1))
    assert again.id != review.id
    assert again.id.split("-")[0] == review.id.split("-")[0]
    failed = replace(for_a_day, state=RulingState.FAILED)
    assert _ending([waived, failed]) != []


def test_a_waiver_that_ends_waits_for_the_rules_that_were_not_waived_anew() -> None:
    waived = _waiver(2, *RULES)
    (review,) = _ending([waived])
    later = NOW + timedelta(days=30)
    anew = _ruling(review, Action.WAIVE, number=2, until=later, rules=(("", "key"),))
    (left,) = _ending([waived, anew])
    assert (left.rules, left.summary) == (
        (("", "range"),),
        "the waiver of range ends at 2013-11-10 12:00",
    )
    assert left.id != review.id
    other = _ruling(left, Action.WAIVE, number=3, until=later, rules=(("", "range"),))
    assert _ending([waived, anew, other]) == []


@pytest.mark.parametrize("days", [1, 2])
def test_a_waiver_anew_for_no_longer_leaves_the_end_in_the_inbox(days: int) -> None:
    waived = _waiver(2, "key")
    (review,) = _ending([waived])
    shorter = _ruling(review, Action.WAIVE, number=2, until=NOW + timedelta(days=days))
    assert review.subject in {each.subject for each in _ending([waived, shorter])}


def test_a_waiver_for_every_partition_is_waived_anew_with_an_end_alone() -> None:
    (review,) = _ending([_waiver(2, "key")])
    assert review.partitions == (DAYS[0],)

    def refuse(until: datetime | None) -> None:
        refuse_misfit(review, Action.WAIVE, "so", until=until, rules=(), now=NOW)

    refuse(NOW + timedelta(days=3))
    with pytest.raises(UsageError, match="the waiver needs an end") as caught:
        refuse(None)
    assert caught.value.fix == f"mesh review waive {review.id} --why '...' --until 2013-12-08"


def test_what_holds_is_not_marked() -> None:
    sound = RuleResult("key", "unique", Verdict.PASSED, Severity.ERROR, "holds")
    (review,) = inbox([_standing(DAYS[0], Outcome.QUARANTINED, _result("key"))], [], NOW)
    waived = _ruling(review, Action.WAIVE)
    assert Waivers((waived,), NOW).marked([sound], DAYS[0]) == [sound]
