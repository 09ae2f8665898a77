"""From what was counted to what is said: one result a rule and partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mesh_dagster.contracts.audit.counts import Answer, Counts
from mesh_dagster.contracts.audit.data.types import Difference
from mesh_dagster.contracts.rules.kinds import (
    Answered,
    Owned,
    RowCount,
    Rule,
    Schema,
    Text,
    Unsupported,
)
from mesh_dagster.contracts.rules.wording import outcome
from mesh_dagster.model.finding import RuleResult, Severity, Verdict

UNVERIFIED = "unverified, it is for people to check"


@dataclass(frozen=True, slots=True)
class _Judged:
    """`failed` None: it could not be evaluated."""

    message: str
    checked: int | None = None
    failed: int | None = None
    severity: Severity | None = None
    """How bad what was found is; None: nothing was."""


def result(
    rule: Rule,
    counts: Counts,
    found: Mapping[str, tuple[Difference, ...]],
    partition: str | None,
    port: str | None,
) -> RuleResult:
    """What one rule says of one partition. `found` has by rule id what its schema differs in."""
    differing = found.get(rule.id, ()) if isinstance(rule, Schema) else ()
    judged = _judged(rule, counts, differing, partition)
    where = next((each.where for each in differing if each.where), rule.where)
    return RuleResult(
        rule=rule.id,
        kind=rule.kind,
        verdict=_verdict(rule, judged),
        severity=rule.severity,
        message=judged.message,
        column=rule.column,
        dimension=rule.dimension,
        checked=judged.checked,
        failed=judged.failed,
        port=port,
        partition=partition,
        where=where,
        columns=tuple((each.column, each.problem) for each in differing),
        business_impact=rule.business_impact,
        method=rule.method,
        classification=rule.classification,
        deprecated=rule.deprecated,
    )


def _judged(
    rule: Rule, counts: Counts, differing: Sequence[Difference], partition: str | None
) -> _Judged:
    if isinstance(rule, Schema):
        return _of_schema(rule, differing)
    if isinstance(rule, Text):
        return _Judged(f"{rule.message}: {UNVERIFIED}")
    if rule.id in counts.answers or isinstance(rule, Answered | Owned | Unsupported):
        return _of_answer(rule, counts.answers[rule.id][partition])
    rows = counts.elements(rule.level)[partition]
    if isinstance(rule, RowCount):
        kept = rule.bound.keeps(rows, rows)
        message, failed = outcome(rule, rows, rows), int(not kept)
    else:
        failed = counts.failed.get(rule.id, Counter())[partition]
        kept, message = rule.bound.keeps(failed, rows), outcome(rule, failed, rows)
    return _Judged(message, rows, failed, None if kept else rule.severity)


def _of_answer(rule: Rule, answer: Answer | str) -> _Judged:
    if isinstance(answer, str):
        return _Judged(f"{rule.message}: could not be checked, {answer}")
    bad = None if answer.kept else rule.severity
    return _Judged(answer.message, answer.checked, answer.failed, bad)


def _of_schema(rule: Schema, differing: Sequence[Difference]) -> _Judged:
    message = "; ".join(each.message for each in differing) or rule.message
    worst = {each.severity for each in differing}
    bad = Severity.ERROR if Severity.ERROR in worst else next(iter(worst), None)
    bad = Severity.WARNING if bad and rule.severity is Severity.WARNING else bad
    return _Judged(message, len(rule.columns), len(differing), bad)


def _verdict(rule: Rule, judged: _Judged) -> Verdict:
    if isinstance(rule, Text):
        return Verdict.UNVERIFIED
    if judged.failed is None:
        nobody_can = isinstance(rule, Unsupported) and rule.severity is Severity.WARNING
        return Verdict.WARNED if nobody_can else Verdict.ERROR
    if judged.severity is None:
        return Verdict.PASSED
    return Verdict.WARNED if judged.severity is Severity.WARNING else Verdict.FAILED
