"""What a command says: its results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.table import shown
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.model.snapshot import Decision

_MOST = 20
"""Failing rules that are printed; a year of days may fail one each."""

_UNPRINTED = re.compile(r"[^\n\x20-\x7e]+")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
"""The option of every command that lists."""


def emit(text: str) -> None:
    """Print a result. Texts of other domains are in it: no control character is let through."""
    click.echo(_harmless(text))


def emit_styled(text: str) -> None:
    """Print a result that has colours: what `render` laid out, or texts that are `shown`."""
    click.echo(text)


def emit_failures(decisions: Iterable[Decision]) -> None:
    """Print, below a table that has no room for them, the rules that kept partitions back."""
    failing = [(each, result) for each in decisions for result in each.results if result.blocks]
    for each, result in failing[:_MOST]:
        place = f"\n  at {result.where}" if result.where else ""
        emit(f"{each.partition or 'all of it'}: {result.message}{place}")
    if len(failing) > _MOST:
        emit(f"and {len(failing) - _MOST} more: mesh quarantine, or --json")


def write(text: str, file: Path) -> None:
    """Write a text to a file that a person named. Raises `UsageError`."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}") from None


def say(text: str) -> None:
    """Tell a person something that is not the result."""
    click.echo(_harmless(text), err=True)


def _harmless(text: str) -> str:
    return "\n".join(map(shown, text.split("\n")))


def emit_json(value: Any) -> None:
    """Print a result for machines: dataclasses as objects, moments as ISO 8601, in UTC."""
    click.echo(_escaped(json.dumps(plain(value), indent=2, ensure_ascii=False)))


def emit_json_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a JSON array row by row, so that a large result is never whole in memory."""
    before = "[\n  "
    for row in rows:
        click.echo(before + _escaped(json.dumps(plain(row), ensure_ascii=False)), nl=False)
        before = ",\n  "
    click.echo("[]" if before.startswith("[") else "\n]")


def _escaped(text: str) -> str:
    """JSON in which what could drive a terminal, or is half a letter, is written by its number.

    It stands in texts alone, and says the same there.
    """
    return _UNPRINTED.sub(_by_number, text)


def _by_number(found: re.Match[str]) -> str:
    return "".join(each if each.isprintable() else _numbered(each) for each in found[0])


def _numbered(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def plain(value: Any) -> Any:
    """A value in the types that JSON has; what JSON cannot say (NaN, infinity) is null."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type | Address):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case None | str() | int():
            return value
        case Decimal() if value.as_tuple().exponent == 0:
            return int(value)  # a sum of whole numbers is one
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
    return str(value)


def moment(value: datetime | None) -> str:
    """A moment to the second, as people read it; in UTC, like every moment of the mesh."""
    return "-" if value is None else value.strftime("%Y-%m-%d %H:%M:%S")
