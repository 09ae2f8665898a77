"""What `mesh contract test` says to people: the worst first, and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.table import GAP, Column, render, shown, terminal_width, width_of
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.model.finding import RuleResult, Verdict

if TYPE_CHECKING:
    from mesh_dagster.contracts.standalone.report import Report, Tested

MOST = 50
"""Rules told one by one; a contract of which more fail is told in numbers."""

_WORST = (Verdict.FAILED, Verdict.ERROR, Verdict.WARNED, Verdict.UNVERIFIED)
_COLOURS = {Verdict.FAILED: "red", Verdict.ERROR: "red", Verdict.WARNED: "yellow"}
_CELL = 6
_WIDE = 40
"""Cells that a column of a sample has at least, where it is cut, and at most."""

_FIXES = {
    "schema": "bring the columns to what the contract says, or say in it what is there",
    "reference": "add the rows that are referred to, or drop those that refer to them",
    "row_count": "look for rows that are missing, or read twice",
    "freshness": "find out why nothing newer has come",
    "unsupported": "say it as a rule that can be checked, or live with not knowing",
    "sql": "mend the data, or the query",
    "code": "mend the data, or the code beside the contract",
}
_OR = "or the contract where that is wrong"


def lines(report: Report, again: str, seconds: float) -> Iterator[str]:
    """The lines of a report, as wide as the terminal. `again` is the command that made it."""
    width = max(terminal_width(), 40)
    unseen = ""
    for table in report.tables:
        yield from _wrapped(f"{table.table}: {table.data}", width, "")
        if table.error is not None:
            yield from _unread(table, width)
        told = [each for each in table.results if each.verdict in _WORST]
        told.sort(key=lambda each: _WORST.index(each.verdict))
        for each in told[:MOST]:
            id_ = report.id_of(table, each.rule)
            unseen = unseen or (id_ if _has_rows(each) and not table.samples else "")
            yield ""
            yield from _rule(each, id_, table.samples.get(each.rule), width)
        if len(told) > MOST:
            yield f"\n  and {len(told) - MOST} more rules; --json has all of them"
        yield ""
    if unseen:
        yield f"to see the rows:\n  {again} --samples 5 --only {quote(unseen)}\n"
    yield _summary(report, seconds)


def _has_rows(each: RuleResult) -> bool:
    from mesh_dagster.contracts.audit.samples import KINDS

    return each.kind in KINDS and bool(each.failed) and not each.holds


def _unread(table: Tested, width: int) -> Iterator[str]:
    assert table.error is not None  # noqa: S101 (asked by who calls)
    yield ""
    yield click.style("  error", fg="red", bold=True) + f"  {shown(table.table)}"
    for line in str(table.error).splitlines():
        yield from _wrapped(line.strip(), width, "    ")


def _rule(
    each: RuleResult, id_: str, rows: Sequence[Mapping[str, Any]] | None, width: int
) -> Iterator[str]:
    yield click.style(f"  {each.verdict.value}", fg=_COLOURS.get(each.verdict), bold=True) + (
        f"  {shown(id_)}" + (f"  ({each.dimension})" if each.dimension else "")
    )
    for part in ([problem for _, problem in each.columns] and _columns(each)) or [each.message]:
        yield from _wrapped(part, width, "    ")
    if each.business_impact:
        yield from _wrapped(f"impact: {each.business_impact}", width, "    ")
    if each.where:
        yield f"    at {shown(each.where)}"
    if each.verdict not in (Verdict.UNVERIFIED, Verdict.ERROR):
        fix = _FIXES.get(each.kind) or f"mend the {'rows' if _has_rows(each) else 'data'}, {_OR}"
        yield from _wrapped(f"fix: {fix}", width, "    ")
    if rows:
        yield textwrap.indent(_rows(rows, width - 4), "    ")


def _columns(each: RuleResult) -> list[str]:
    told = [f"{column} {problem}" for column, problem in each.columns[:20]]
    more = len(each.columns) - len(told)
    return [*told, *([f"and {count(more, 'more column')}"] if more else [])]


def _rows(rows: Sequence[Mapping[str, Any]], room: int) -> str:
    """The first columns, which are what is at fault, and of the others those that fit."""
    names = list(rows[0])
    cells = {
        name: max(width_of(shown(each)) for each in (name, *(row[name] for row in rows)))
        for name in names
    }
    kept: list[str] = []
    left = room
    for name in names:
        taken = min(cells[name], _WIDE) + len(GAP)
        if taken <= left + len(GAP) or len(kept) < 2:
            kept.append(name)
            left -= taken
    columns = [Column(name, least=_CELL) for name in kept]
    wide = sum(min(cells[name], _WIDE) + len(GAP) for name in kept) - len(GAP)
    text = render(columns, [[row[name] for name in kept] for row in rows], min(wide, room)).text
    more = len(names) - len(kept)
    return text + (f"\nand {count(more, 'more column')}: --json shows all" if more else "")


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
    passed = f"{counts[Verdict.PASSED]} of {count(len(results), 'rule')} passed"
    parts = [passed] if results else []
    words = {
        Verdict.FAILED: "failed",
        Verdict.ERROR: "could not be evaluated",
        Verdict.WARNED: "warned of",
        Verdict.UNVERIFIED: "for people to verify",
    }
    parts += [f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict]]
    if unread:
        parts.append(f"{unread} of {count(len(report.tables), 'table')} could not be read")
    colour = _COLOURS.get(report.verdict, "green")
    verdict = click.style(report.verdict.value, fg=colour, bold=True)
    return f"{verdict}: {', '.join(parts)} ({seconds:.1f} s)"
