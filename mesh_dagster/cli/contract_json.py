"""What `mesh contract test --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesh_dagster.errors import DescriptorError, MeshError
from mesh_dagster.model.finding import RuleResult, Severity, Verdict

if TYPE_CHECKING:
    from mesh_dagster.contracts.standalone.report import Report, Tested


def document(report: Report) -> dict[str, Any]:
    """The verdict, and one entry a rule; a table that could not be read is one rule, `data`."""
    return {
        "verdict": report.verdict,
        "rules": [
            _entry(each, table, report) for table in report.tables for each in _told_of(table)
        ],
        "contract": {"id": report.contract.id, "version": report.contract.version},
        "data": {table.table: table.data for table in report.tables},
        "findings": report.findings,
        "notes": report.notes,
    }


def refusal(error: MeshError) -> dict[str, Any]:
    """What is printed of a contract or a call that cannot be used: all findings, and the first."""
    told = {"code": error.code, "message": error.what, "at": error.where, "fix": error.fix}
    findings = error.findings if isinstance(error, DescriptorError) else ()
    for first in findings[:1]:
        told = {
            "code": first.code,
            "message": first.message,
            "at": first.where,
            "fix": first.fix,
        }
    return {"verdict": Verdict.ERROR, "rules": [], "error": told, "findings": findings}


def _told_of(table: Tested) -> tuple[RuleResult, ...]:
    if table.error is None:
        return table.results
    unread = RuleResult(
        rule="data",
        kind="data",
        verdict=Verdict.ERROR,
        severity=Severity.ERROR,
        message=table.error.what,
        where=table.error.where,
    )
    return (unread, *table.results)


def _entry(each: RuleResult, table: Tested, report: Report) -> dict[str, Any]:
    return {
        "id": report.id_of(table, each.rule),
        "kind": each.kind,
        "schema": table.table,
        "column": each.column,
        "dimension": each.dimension,
        "severity": each.severity,
        "verdict": each.verdict,
        "checked": each.checked,
        "failed": each.failed,
        "message": each.message,
        "at": each.where,
        "columns": [{"column": name, "problem": problem} for name, problem in each.columns],
        "business_impact": each.business_impact,
        "method": each.method,
        "samples": table.samples.get(each.rule, []),
    }
