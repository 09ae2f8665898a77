"""What came of a test: of each table, and of the contract as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesh_dagster.errors import MeshError
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Finding, RuleResult, Severity, Verdict


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of one table. `error`: why none of its rules could be evaluated.

    `samples` has by rule the rows that break it, with what is at fault in front.
    """

    table: str
    data: str
    results: tuple[RuleResult, ...] = ()
    samples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    error: MeshError | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a contract's test; `notes` and `findings` are told beside it."""

    contract: Contract
    tables: tuple[Tested, ...]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Failed before could not be evaluated, before a warning, before passed."""
        results = [each for table in self.tables for each in table.results]
        errors = [each for each in results if each.severity is Severity.ERROR]
        if any(each.verdict is Verdict.FAILED for each in errors):
            return Verdict.FAILED
        unread = any(table.error for table in self.tables)
        if unread or any(each.verdict is Verdict.ERROR for each in errors):
            return Verdict.ERROR
        if any(not each.holds for each in results):
            return Verdict.WARNED
        return Verdict.PASSED

    def id_of(self, table: Tested, rule: str) -> str:
        """What a rule is called in this contract: by its table too where there are several."""
        return f"{table.table}.{rule}" if len(self.contract.schema) > 1 else rule
