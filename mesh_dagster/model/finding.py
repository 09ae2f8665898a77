"""What a contract, policy or score rule has to say, as data (design rule 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

POLICY = "policy"
"""The kind of a result that a policy gave at the gate: the contract has no such rule."""


class Severity(StrEnum):
    """Whether a violation stops a publication (`error`) or is only told (`warning`)."""

    ERROR = "error"
    WARNING = "warning"


class Verdict(StrEnum):
    """The answer of one rule. `error` means that it could not be evaluated."""

    PASSED = "passed"
    WARNED = "warning"
    FAILED = "failed"
    ERROR = "error"
    UNVERIFIED = "unverified"
    """Told to people and checked by nobody: it neither holds nor breaks anything."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, where (`file:line`) and what to do."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    subject: str = ""
    where: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        subject = f"{self.subject} · " if self.subject else ""
        lines = [f"{self.code} {subject}{self.message}"]
        if self.where:
            lines.append(f"  at {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule of a contract said about one partition (or the whole) of one port.

    `checked` and `failed` count rows, or groups and values where the rule's kind says so; they
    are None where the rule could not be evaluated. `where` is the `file:line` of the rule.
    `columns` tells of the schema's rule each difference, as (column, problem).
    """

    rule: str
    kind: str
    verdict: Verdict
    severity: Severity
    message: str
    column: str | None = None
    dimension: str | None = None
    checked: int | None = None
    failed: int | None = None
    port: str | None = None
    partition: str | None = None
    where: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    business_impact: str | None = None
    method: str | None = None
    evaluated_at: datetime | None = None
    """When it was, of a rule with a schedule: that is not evaluated each time."""
    classification: str | None = None
    deprecated: bool = False
    """The column's, both, as the contract says."""
    promise: str | None = None
    """What such a rule said then, as a checksum: a changed rule has no last result."""
    waived_by: str | None = None
    """The owner who let it not block, where it does not hold."""
    waived_until: datetime | None = None
    """When that ends; None: it was for this partition."""

    @property
    def holds(self) -> bool:
        """Whether there is nothing to say of the data."""
        return self.verdict in (Verdict.PASSED, Verdict.UNVERIFIED)

    @property
    def blocks(self) -> bool:
        """Whether this result keeps the data from being published."""
        bad = self.severity is Severity.ERROR and self.verdict in (Verdict.FAILED, Verdict.ERROR)
        return bad and self.waived_by is None
