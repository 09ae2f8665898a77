"""Tables that fit the terminal.

Columns shrink, the widest first, and no further than `Column.least`; columns that still do not
fit leave from the middle, and the caller is told so that nothing is missing in silence. What is a
sentence is not cut: it stands in lines of its own below its row, or wraps within its column.
"""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import click

GAP = "  "
ELLIPSIS = "…"
_NARROWEST = 14
"""Of a column of data."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how far its cells may be cut. `least` None: they are never cut.

    `colours` are for cells of exactly that text, where a terminal shows them. A cell that `wraps`
    takes several lines rather than be cut. Where the table is too wide for the terminal, a column
    with `below` leaves it, and stands below each row of which that is true.
    """

    title: str
    least: int | None = None
    right: bool = False
    colours: Mapping[str, str] = field(default_factory=dict)
    wraps: bool = False
    below: Callable[[Sequence[Any]], bool] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A rendered table, and how many of its columns found no room."""

    text: str
    left_out: int = 0


def render(columns: Sequence[Column], rows: Sequence[Sequence[Any]], width: int = 0) -> Table:
    """Lay out rows under their headings, within `width` cells (0: the terminal's)."""
    width = width or terminal_width()
    cells = [[shown(value) for value in row] for row in rows]
    wanted = [
        max([width_of(shown(column.title)), *(width_of(row[at]) for row in cells)])
        for at, column in enumerate(columns)
    ]
    inside = list(range(len(columns)))
    if sum(wanted) + len(GAP) * (len(wanted) - 1) > width:
        inside = [at for at in inside if columns[at].below is None]
    kept = _those_that_fit(columns, wanted, inside, width)
    widths = _shrunk([columns[at] for at in kept], [wanted[at] for at in kept], width)
    shape = [(columns[at], cut) for at, cut in zip(kept, widths, strict=True)]
    lines = [click.style(_line([shown(column.title) for column, _ in shape], shape), bold=True)]
    under = [at for at in range(len(columns)) if at not in inside]
    for row, cell in zip(rows, cells, strict=True):
        lines += _lines([cell[at] for at in kept], shape)
        for at in under:
            lines += _below(columns[at], row, cell[at], width)
    return Table("\n".join(lines), len(inside) - len(kept))


def rows_of_data(rows: Sequence[Mapping[str, Any]], first: Sequence[str]) -> str:
    """Rows by the names of their columns; those that come `first` are never cut."""
    others = (name for name in rows[0] if name not in first)
    columns = [*map(Column, first), *(Column(name, least=_NARROWEST) for name in others)]
    table = render(columns, [[row[each.title] for each in columns] for row in rows])
    more = f"\n  and {table.left_out} more columns: --json" if table.left_out else ""
    return table.text + more


def _below(column: Column, row: Sequence[Any], cell: str, width: int) -> list[str]:
    if column.below is None or not column.below(row):
        return []
    margin = GAP * 2
    return textwrap.wrap(cell, max(width, 20), initial_indent=margin, subsequent_indent=margin)


def terminal_width() -> int:
    """The width of the terminal, or 80 cells where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def shown(value: Any) -> str:
    """A value on one line; control characters are made visible, so data cannot drive a terminal."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}" if abs(value) < 1e6 else f"{value:.1f}"
        case datetime():
            return str(value).replace("+00:00", "Z")
    text = str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _visible(each) for each in text)


def _visible(character: str) -> str:
    return {"\n": "⏎", "\t": " "}.get(character, f"\\x{ord(character):02x}")


def width_of(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def _those_that_fit(
    columns: Sequence[Column], wanted: Sequence[int], inside: Sequence[int], width: int
) -> list[int]:
    kept = list(inside)

    def least() -> int:
        cells = sum(_least(columns[at], wanted[at]) for at in kept)
        return cells + len(GAP) * (len(kept) - 1)

    while len(kept) > 2 and least() > width:
        # Columns that are never cut are those that matter; they stay as long as any other is there.
        others = [at for at in kept if columns[at].least is not None] or kept
        kept.remove(others[len(others) // 2])
    return kept


def _least(column: Column, wanted: int) -> int:
    return wanted if column.least is None else min(wanted, max(column.least, 1))


def _shrunk(columns: Sequence[Column], wanted: Sequence[int], width: int) -> list[int]:
    widths = list(wanted)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    while excess > 0:
        room = [
            (each, at) for at, each in enumerate(widths) if each > _least(columns[at], wanted[at])
        ]
        if not room:
            break
        widths[max(room)[1]] -= 1
        excess -= 1
    return widths


def _lines(cells: Sequence[str], shape: Sequence[tuple[Column, int]]) -> Iterator[str]:
    """A row: one line, and more where a cell wraps."""
    parts = [
        textwrap.wrap(cell, width) or [""] if column.wraps and cell.isascii() else [cell]
        for cell, (column, width) in zip(cells, shape, strict=True)
    ]
    for number in range(max(map(len, parts), default=1)):
        yield _line([each[number] if number < len(each) else "" for each in parts], shape)


def _line(cells: Sequence[str], shape: Sequence[tuple[Column, int]]) -> str:
    parts = []
    for at, (cell, (column, width)) in enumerate(zip(cells, shape, strict=True), 1):
        part = _pad(_cut(cell, width), width, column.right)
        part = part.rstrip() if at == len(shape) else part
        parts.append(click.style(part, fg=column.colours[cell]) if cell in column.colours else part)
    return GAP.join(parts).rstrip()


def _cut(text: str, width: int) -> str:
    if width_of(text) <= width:
        return text
    taken, room = "", width - 1
    for each in text:
        room -= width_of(each)
        if room < 0:
            break
        taken += each
    return taken + ELLIPSIS


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - width_of(text))
    return space + text if right else text + space
