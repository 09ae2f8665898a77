"""What `mesh contract test` says to people: the worst first, and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.table import Column, render, shown, terminal_width
from mesh_dagster.model.finding import RuleResult, Verdict

if TYPE_CHECKING:
    from mesh_dagster.contracts.standalone.report import Report, Tested

MOST = 50
"""Rules told one by one; a contract of which more fail is told in numbers."""

_WORST = (Verdict.FAILED, Verdict.ERROR, Verdict.WARNED, Verdict.UNVERIFIED)
_COLOURS = {Verdict.FAILED: "red", Verdict.ERROR: "red", Verdict.WARNED: "yellow"}
_CELL = 6
_FIXES = {
    "schema": "bring the columns to what the contract says, or say in it what is there",
    "type": "write the values as the type has them, or declare another",
    "reference": "add the rows that are referred to, or drop those that refer to them",
    "row_count": "look for rows that are missing, or read twice",
    "freshness": "find out why nothing newer has come",
    "unsupported": "say it as a rule that can be checked, or live with not knowing",
    "sql": "mend the data, or the query",
}


def lines(report: Report, contract: Path, seconds: float) -> Iterator[str]:
    """The lines of a report, as wide as the terminal."""
    width = max(terminal_width(), 40)
    for table in report.tables:
        yield from _wrapped(f"{table.table}: {table.data}", width, "")
        if table.error is not None:
            yield from _unread(table, width)
        told = [each for each in table.results if each.verdict in _WORST]
        told.sort(key=lambda each: _WORST.index(each.verdict))
        for each in told[:MOST]:
            yield ""
            yield from _rule(each, table, contract, width)
        if len(told) > MOST:
            yield f"\n  and {len(told) - MOST} more rules; --json has all of them"
        yield ""
    yield _summary(report, seconds)


def _unread(table: Tested, width: int) -> Iterator[str]:
    assert table.error is not None  # noqa: S101 (asked by who calls)
    yield ""
    yield click.style(f"  error  {table.table}", fg="red")
    for line in str(table.error).splitlines():
        yield from _wrapped(line.strip(), width, "    ")


def _rule(each: RuleResult, table: Tested, contract: Path, width: int) -> Iterator[str]:
    name = shown(f"{table.table}.{each.rule}")
    yield click.style(f"  {each.verdict.value}", fg=_COLOURS.get(each.verdict), bold=True) + (
        f"  {name}" + (f"  ({each.dimension})" if each.dimension else "")
    )
    for part in ([problem for _, problem in each.columns] and _columns(each)) or [each.message]:
        yield from _wrapped(part, width, "    ")
    if each.business_impact:
        yield from _wrapped(f"impact: {each.business_impact}", width, "    ")
    if each.where:
        yield f"    at {shown(each.where)}"
    if each.verdict is not Verdict.UNVERIFIED:
        yield from _wrapped(f"fix: {_fix(each, table, contract)}", width, "    ")
    if rows := table.samples.get(each.rule):
        yield textwrap.indent(_rows(rows, each), "    ")


def _columns(each: RuleResult) -> list[str]:
    told = [f"{column} {problem}" for column, problem in each.columns[:20]]
    more = len(each.columns) - len(told)
    return [*told, *([f"and {more} more columns"] if more else [])]


def _fix(each: RuleResult, table: Tested, contract: Path) -> str:
    if each.kind in _FIXES:
        return _FIXES[each.kind]
    if table.samples.get(each.rule) or not each.failed:
        return "mend the data, or the contract where that is wrong"
    return f"see the rows with --only {each.rule} --samples 5; mend them, or the contract"


def _rows(rows: Sequence[Mapping[str, Any]], each: RuleResult) -> str:
    names = list(rows[0])
    first = [name for name in names if name == (each.column or "").partition(".")[0]]
    order = [*first, *(name for name in names if name not in first)]
    columns = [Column(name, least=_CELL) for name in order]
    width = max(terminal_width() - 4, 36)
    table = render(columns, [[row[name] for name in order] for row in rows], width)
    more = f"\nand {table.left_out} more columns: --json" if table.left_out else ""
    return table.text + more


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    found = textwrap.wrap(
        shown(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )
    return found or [indent]


def _summary(report: Report, seconds: float) -> str:
    results = [each for table in report.tables for each in table.results]
    counts = {
        verdict: sum(each.verdict is verdict for each in results)
        for verdict in (Verdict.PASSED, *_WORST)
    }
    unread = sum(table.error is not None for table in report.tables)
    parts = [f"{counts[Verdict.PASSED]} of {len(results)} rules passed"]
    words = {
        Verdict.FAILED: "failed",
        Verdict.ERROR: "could not be evaluated",
        Verdict.WARNED: "warnings",
        Verdict.UNVERIFIED: "for people to verify",
    }
    parts += [f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict]]
    if unread:
        parts.append(f"{unread} of {len(report.tables)} tables could not be read")
    colour = _COLOURS.get(report.verdict, "green")
    verdict = click.style(report.verdict.value, fg=colour, bold=True)
    return f"{verdict}: {', '.join(parts)} ({seconds:.1f} s)"
