"""Translates the model's values to rows and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.tables import WHOLE
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.snapshot import (
    Attempt,
    AttemptState,
    Decision,
    InputRead,
    Outcome,
    PortState,
    Publication,
    PublicationKind,
    Staged,
    StagedFile,
)

Row = dict[str, Any]


def list_or_none(values: Iterable[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _tuple_or_none(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def row_from_decision(
    decision: Decision, *, attempt: str, product: str, revision: int, decided_at: datetime
) -> Row:
    passed = sum(result.holds for result in decision.results)
    blocking = sum(result.blocks for result in decision.results)
    return {
        "attempt": attempt,
        "partition": decision.partition or WHOLE,
        "revision": revision,
        "product": product,
        "outcome": decision.outcome.value,
        "rows": decision.rows,
        "event_min": decision.event_min,
        "event_max": decision.event_max,
        "publication": decision.publication,
        "passed": passed,
        "warned": len(decision.results) - passed - blocking,
        "failed": blocking,
        "decided_at": decided_at,
        "decided_by": None,
        "reason": None,
        "current": True,
        "shown": False,
        "latest": False,
        "standing": False,
    }


def decision_from_row(row: sa.Row[Any], results: Iterable[RuleResult]) -> Decision:
    return Decision(
        partition=row.partition or None,
        outcome=Outcome(row.outcome),
        rows=row.rows,
        results=tuple(results),
        event_min=row.event_min,
        event_max=row.event_max,
        publication=row.publication,
    )


def rows_from_results(decision: Decision, *, attempt: str, revision: int) -> list[Row]:
    return [
        {
            "attempt": attempt,
            "partition": decision.partition or WHOLE,
            "revision": revision,
            "position": position,
            "rule": result.rule,
            "kind": result.kind,
            "verdict": result.verdict.value,
            "severity": result.severity.value,
            "message": result.message,
            "column_name": result.column,
            "dimension": result.dimension,
            "checked": result.checked,
            "failed": result.failed,
            "port": result.port,
            "of_partition": result.partition,
            "place": result.where,
            "details": _details(result),
        }
        for position, result in enumerate(decision.results)
    ]


def result_from_row(row: sa.Row[Any]) -> RuleResult:
    return RuleResult(
        rule=row.rule,
        kind=row.kind,
        verdict=Verdict(row.verdict),
        severity=Severity(row.severity),
        message=row.message,
        column=row.column_name,
        dimension=row.dimension,
        checked=row.checked,
        failed=row.failed,
        port=row.port,
        partition=row.of_partition,
        where=row.place,
        **_told(row.details or {}),
    )


def _details(result: RuleResult) -> Row | None:
    """What of a result is read by people and by the rule itself, and by no query."""
    told = {
        "columns": [list(each) for each in result.columns],
        "business_impact": result.business_impact,
        "method": result.method,
        "classification": result.classification,
        "deprecated": result.deprecated,
        "evaluated_at": result.evaluated_at and result.evaluated_at.isoformat(),
        "promise": result.promise,
        "waived_by": result.waived_by,
        "waived_until": result.waived_until and result.waived_until.isoformat(),
    }
    return {key: value for key, value in told.items() if value} or None


def _told(details: Row) -> Row:
    """The details as arguments of a result; those of newer releases are left out."""
    at, until = details.get("evaluated_at"), details.get("waived_until")
    return {
        "columns": tuple((str(name), str(told)) for name, told in details.get("columns", ())),
        "business_impact": details.get("business_impact"),
        "method": details.get("method"),
        "classification": details.get("classification"),
        "deprecated": bool(details.get("deprecated")),
        "evaluated_at": datetime.fromisoformat(at) if at else None,
        "promise": details.get("promise"),
        "waived_by": details.get("waived_by"),
        "waived_until": datetime.fromisoformat(until) if until else None,
    }


def row_from_staged(staged: Staged) -> Row:
    files = [
        [file.path, file.rows, file.bytes, file.partition, *([file.sha256] if file.sha256 else [])]
        for file in staged.files
    ]
    return {"attempt": staged.attempt, "port": staged.port or WHOLE, "files": files}


def staged_from_row(row: sa.Row[Any]) -> Staged:
    files = tuple(StagedFile(*file) for file in row.files)
    return Staged(row.attempt, row.port or None, files)


def row_from_read(attempt: str, position: int, read: InputRead) -> Row:
    return {
        "attempt": attempt,
        "position": position,
        "port": read.port,
        "address": read.address,
        "publication": read.publication,
        "number": read.number,
        "partitions": list_or_none(read.partitions),
        "source_columns": None if read.columns is None else dict(read.columns),
    }


def read_from_row(row: sa.Row[Any]) -> InputRead:
    return InputRead(
        row.port,
        row.address,
        row.publication,
        row.number,
        _tuple_or_none(row.partitions),
        row.source_columns,
    )


def row_from_publication(product: str, publication: Publication) -> Row:
    return {
        "product": product,
        "number": publication.number,
        "id": publication.id,
        "previous": publication.previous,
        "at": publication.at,
        "attempt": publication.attempt,
        "kind": publication.kind.value,
        "ports": {
            port: [state.metadata, state.snapshot_id, state.rows]
            for port, state in publication.ports.items()
        },
        "partitions": list_or_none(publication.partitions),
        "contracts": dict(publication.contracts),
        "empty": list(publication.empty),
    }


def publication_from_row(row: sa.Row[Any]) -> Publication:
    return Publication(
        number=row.number,
        id=row.id,
        previous=row.previous,
        at=row.at,
        attempt=row.attempt,
        kind=PublicationKind(row.kind),
        ports={port: PortState(*state) for port, state in row.ports.items()},
        partitions=_tuple_or_none(row.partitions),
        contracts=row.contracts,
        empty=tuple(row.empty),
    )


def attempt_from_rows(
    row: sa.Row[Any],
    decisions: Iterable[Decision],
    reads: Iterable[InputRead],
    staged: Iterable[Staged],
) -> Attempt:
    return Attempt(
        id=row.id,
        product=row.product,
        started_at=row.started_at,
        state=AttemptState(row.state),
        decisions=tuple(decisions),
        reads=tuple(reads),
        staged=tuple(staged),
        run_id=row.run_id,
        base=row.base,
        seconds=row.seconds,
        error=row.error,
        partitions=_tuple_or_none(row.partitions),
    )
