"""`mesh contract diff`: what changed, who is hurt, and the version that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say
from mesh_dagster.cli.table import Column, render, terminal_width
from mesh_dagster.cli.target import ADDRESS
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.errors import AddressError, MeshError, NotInMesh, UsageError
from mesh_dagster.model.address import SCHEME, Address

if TYPE_CHECKING:
    from mesh_dagster.contracts.evolution.change import Change
    from mesh_dagster.contracts.evolution.diff import Diff
    from mesh_dagster.model.contract import Contract
    from mesh_dagster.registry.readers import Reader

_COLUMNS = [
    Column("GRADE", colours={"breaking": "red", "notice": "yellow", "compatible": "green"}),
    Column("HURTS"),
    Column("TAKES"),
    Column("CHANGE", least=30),
]
_BESIDE = 35
"""Cells of a line that stand beside what a change says."""
_LONGEST = 400
"""Characters of one value: a query, or the list of all countries."""


@dataclass(frozen=True, slots=True)
class Side:
    """A contract, and how the command line named it."""

    contract: Contract
    told: str


@click.command("diff")
@click.argument("old")
@click.argument("new")
@as_json
def command(old: str, new: str, as_json: bool) -> int:
    """Tell what changed from the contract OLD to NEW, who is hurt, and the version it takes.

    Each is a file, a file in git (HEAD~1:path/contract.odcs.yaml), or what a mesh has published
    (mesh://flights/departures/v1, flights/departures).

    Exits with 0 where nothing changed or the version says so, with 1 where its bump is too small or
    it goes back, with 2 for a contract or call that cannot be used.
    """
    from mesh_dagster.contracts.evolution.diff import diff

    before, after = side(old), side(new)
    found = diff(before.contract, after.contract)
    readers = _readers(before.contract) if found.changes else ()
    if as_json:
        emit_json(_plain(before, after, found, readers))
    else:
        _show(found, readers, _only_table(before.contract, after.contract))
        say(_in_words(before, after, found))
    return 0 if found.bumped else 1


def side(text: str) -> Side:
    """The contract that a command line names: a file, one in git, or a published one."""
    from mesh_dagster.contracts.evolution.sources import contract_at
    from mesh_dagster.descriptors.odcs import read_file

    path = Path(text)
    if not text.startswith(SCHEME) and _is_file(path):
        return Side(read_file(path), text)
    ref, colon, inside = text.partition(":")
    if colon and not text.startswith(SCHEME):
        return Side(contract_at(ref, inside, Path.cwd()), text)
    try:
        address = ADDRESS.convert(text, None, None)
    except AddressError:
        address = None
    if address is None or path.suffix in (".yaml", ".yml"):
        raise UsageError(
            f"there is no file {text}",
            code="MESH-C042",
            fix="name a file, a file in git like HEAD~1:contract.odcs.yaml, or an address",
        )
    return _published(address)


def _is_file(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _published(address: Address) -> Side:
    from mesh_dagster.cli.target import open_mesh
    from mesh_dagster.products.telling.evolution import published_contract

    resolved, contract = published_contract(open_mesh(), address)
    return Side(contract, f"{resolved.path} as published")


def _readers(old: Contract) -> tuple[Reader, ...]:
    """Who reads the port, where there is a mesh to ask and it has the port."""
    if not old.id.startswith(SCHEME):
        return ()
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.registry.readers import readers_of

    try:
        mesh = Mesh.open()
        return readers_of(Address.parse(old.id), mesh.products())
    except NotInMesh:
        return ()
    except MeshError as error:
        say(f"who reads it cannot be told: {error.what}")
        return ()


def _only_table(old: Contract, new: Contract) -> str:
    """The name of the only table, which then goes without saying."""
    names = {table.name for contract in (old, new) for table in contract.schema}
    return f"{names.pop()}." if len(names) == 1 else ""


def _show(found: Diff, readers: Sequence[Reader], table: str) -> None:
    if not found.changes:
        return
    order = sorted(found.changes, key=lambda each: (-each.bump, not each.hurts))
    emit_styled(render(_COLUMNS, [row for each in order for row in _rows(each, table)]).text)
    for each in order:
        if each.note:
            _wrapped(f"{each.path.removeprefix(table)}: {each.note}")
    if readers:
        told = ", ".join(map(str, _touched(found.changes, readers)))
        _wrapped(f"read by: {told or 'nobody of what changed'}")


def _wrapped(text: str) -> None:
    emit(fill(text, terminal_width(), subsequent_indent="  ", break_long_words=False))


def _rows(change: Change, table: str) -> Iterator[tuple[str, ...]]:
    """What happened, and below it the values, in as many lines as they take."""
    from mesh_dagster.contracts.evolution.change import in_words

    room = max(terminal_width() - _BESIDE, 30)
    told = f"{change.path.removeprefix(table)}: {change.what}"
    before, after = (in_words(each, _LONGEST) for each in (change.before, change.after))
    values = _lines(f"{before} -> {after}", room - 2)
    first, *more = [*_lines(told, room), *(f"  {line}" for line in values)]
    hurts = ", ".join(each.value for each in change.hurts) or "nobody"
    yield (change.grade.value, hurts, str(change.bump), first)
    yield from (("", "", "", line) for line in more)


def _lines(text: str, room: int) -> list[str]:
    return wrap(text, room, break_on_hyphens=False) or [""]


def _touched(changes: Sequence[Change], readers: Sequence[Reader]) -> list[Reader]:
    """The readers of what changed for readers, or of all that changed where nothing did."""
    from mesh_dagster.contracts.evolution.change import Grade

    told = [each for each in changes if each.grade is not Grade.COMPATIBLE] or list(changes)
    if any(not each.columns for each in told):
        return list(readers)
    columns = {column for each in told for column in each.columns}
    return [read for each in readers if (read := each.of(columns)) is not None]


def _in_words(before: Side, after: Side, found: Diff) -> str:
    versions = f"{found.before} to {found.after}"
    if not found.changes:
        back = "" if found.bumped else f", and {found.after} comes before {found.before}"
        return f"nothing changed from {before.told} to {after.told} ({versions}){back}"
    what = count(len(found.changes), "change")
    if found.bumped:
        return f"{what}, {found.grade}: {versions} says so"
    wanted = found.wanted or "another version"
    return f"{what}, {found.grade}: {versions} is too small a bump, it takes {wanted}"


def _plain(before: Side, after: Side, found: Diff, readers: Sequence[Reader]) -> dict[str, Any]:
    return {
        "old": {"id": before.contract.id, "version": found.before, "from": before.told},
        "new": {"id": after.contract.id, "version": found.after, "from": after.told},
        "grade": found.grade,
        "bump": str(found.bump),
        "wanted": found.wanted,
        "bumped": found.bumped,
        "changes": [_plain_change(each, readers) for each in found.changes],
        "readers": [_plain_reader(each) for each in readers],
    }


def _plain_change(change: Change, readers: Sequence[Reader]) -> dict[str, Any]:
    read = (each.of(change.columns) for each in readers)
    return {
        "path": change.path,
        "what": change.what,
        "before": change.before,
        "after": change.after,
        "grade": change.grade,
        "hurts": change.hurts,
        "bump": str(change.bump),
        "columns": change.columns,
        "note": change.note,
        "message": change.message,
        "at": change.where,
        "readers": [_plain_reader(each) for each in read if each is not None],
    }


def _plain_reader(reader: Reader) -> dict[str, Any]:
    return {"product": str(reader.product), "columns": reader.columns}
