"""What there is to decide on, from what stands and what was decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

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


def test_what_holds_is_not_marked() -> None:
    sound = RuleResult("key", "unique", Verdict.PASSED, Severity.ERROR, "holds")
    (review,) = inbox([_standing(DAYS[0], Outcome.QUARANTINED, _result("key"))], [], NOW)
    waived = _ruling(review, Action.WAIVE)
    assert Waivers((waived,), NOW).marked([sound], DAYS[0]) == [sound]
