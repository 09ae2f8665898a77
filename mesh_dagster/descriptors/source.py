"""One text that is being read, and everything that is wrong with it.

Readers do not stop at the first error: they report to a `Source` and go on with what is left,
and whoever began the reading asks at the end whether it may be used.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.finding import Finding, Severity

LONGEST_SHOWN = 60
MOST_FINDINGS = 500
"""Of one file; a file with more is not a descriptor with errors, it is something else."""


class Map(dict[str, Any]):
    """A mapping of a document: `line` is where it begins, `lines` where each key stands."""

    __slots__ = ("line", "lines")
    line: int
    lines: dict[str, int]

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class Seq(list[Any]):
    """A list of a document; `lines` says where each item begins."""

    __slots__ = ("line", "lines")
    line: int
    lines: list[int]


@dataclass(slots=True)
class Source:
    """Where a text came from, what it is about, and the findings so far.

    `name` is what a person is shown, usually a path; a line 0 means that there is none. In a
    `tolerant` source unknown keys are no finding: it comes from a release that may be newer.
    """

    name: str
    subject: str = ""
    findings: list[Finding] = field(default_factory=list)
    tolerant: bool = False
    reported: int = 0

    @property
    def full(self) -> bool:
        return self.reported >= MOST_FINDINGS

    def at(self, line: int) -> str:
        return f"{self.name}:{line}" if line else self.name

    def report(
        self,
        code: str,
        message: str,
        line: int = 0,
        *,
        fix: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        if self.full:
            return
        self.reported += 1
        where = self.at(line)
        if self.full:
            message, fix = f"has {MOST_FINDINGS} findings and more; the others are not listed", None
            severity, where = Severity.ERROR, self.name
        self.findings.append(Finding(code, message, severity, self.subject, where, fix))

    def refuse(self) -> None:
        """Raise `DescriptorError` with all findings if one of them is an error."""
        refuse(self.findings)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise `DescriptorError` with all findings if one of them is an error."""
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise DescriptorError(in_order(findings))


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings by file and line, files in the order in which they were read."""
    files: dict[str, int] = {}
    placed = []
    for finding in findings:
        file, _, line = (finding.where or "").rpartition(":")
        if not line.isdecimal():
            file, line = finding.where or "", "0"
        placed.append((files.setdefault(file, len(files)), int(line)))
    order = sorted(range(len(placed)), key=placed.__getitem__)
    return tuple(findings[at] for at in order)


def shown_path(path: Path) -> str:
    """A path as a person at this prompt would write it."""
    full = os.path.abspath(path)  # noqa: PTH100 (absolute() keeps `..`)
    here = os.getcwd()  # noqa: PTH109 (a thousand times per listing)
    return full[len(here) + 1 :] if full.startswith(here + os.sep) else full


def shown(value: Any) -> str:
    """A value of a document, short enough for a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case str() if len(value) > LONGEST_SHOWN:
            return repr(value[:LONGEST_SHOWN] + "…")
    return repr(value)
