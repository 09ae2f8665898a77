"""Which files hold which table of a contract."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from mesh_dagster.contracts.files.formats import (
    Format,
    format_called,
    format_named,
    format_of,
    is_data,
)
from mesh_dagster.contracts.files.formats import table_format as table_format_of
from mesh_dagster.contracts.files.places import is_per_table, places_of
from mesh_dagster.contracts.rules.servers import Server
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.errors import EvaluationError, MeshError, UsageError
from mesh_dagster.model.contract import Contract, SchemaObject

_NAMED = re.compile(r"([A-Za-z_][\w.\-]*)=(.+)", re.DOTALL)
_WILD = re.compile(r"[*?\[]")
MOST_FILES = 100_000


@dataclass(slots=True)
class DataSet:
    """The data of one table of a contract: files of one format, or one table's own folder."""

    table: SchemaObject
    format: Format
    paths: list[Path] = field(default_factory=list)
    server: Server | None = None


@dataclass(slots=True)
class FoundData:
    """What was found for a contract, and what was left aside, in words."""

    sets: list[DataSet] = field(default_factory=list)
    absent: dict[str, MeshError] = field(default_factory=dict)
    """Tables by name of which the place is known and nothing is there."""
    notes: list[str] = field(default_factory=list)
    given: bool = False
    """Somebody named the files, so they need not be written as a server's are."""


def data_given(contract: Contract, given: Sequence[str], server: Server | None = None) -> FoundData:
    """The data that a command line names: paths, patterns, folders, `NAME=PATH`.

    Raises `UsageError` for what is not there or belongs to no table of the contract.
    """
    found = FoundData(given=True)
    for each in given:
        name, place = _split(each, contract)
        paths = tuple(_paths(place))
        if name is not None:
            _add(found, _table_named(contract, name), paths, server)
        else:
            _share(found, contract, paths, server, several=len(paths) > 1)
    empty = [each.name for each in contract.schema if not _set_of(found, each)]
    if empty and found.sets:
        found.notes.append(f"no data was given for {', '.join(empty)}: not tested")
    return found


def data_served(contract: Contract, server: Server, folder: Path) -> FoundData:
    """The data that lies where one of the contract's servers says.

    Raises `UsageError` where it names no place, `EvaluationError` where nothing is there.
    """
    found = FoundData()
    per_table = is_per_table(server) or len(contract.schema) == 1
    for table in contract.schema if per_table or server.format == "duckdb" else ():
        places = places_of(server, table, folder)
        paths = next((paths for each in places if (paths := _existing(each))), ())
        _add(found, table, paths, server)
        if not paths:
            missing = f"there is nothing at {shown_path(Path(places[0]))}, where the server "
            found.absent[table.name] = EvaluationError(
                f"{missing}{server.name!r} has {table.name}",
                code="MESH-C021",
                where=table.where,
                fix="say where the data lies: --data PATH",
            )
    if found.absent and not found.sets:
        raise next(iter(found.absent.values()))
    if not found.sets:
        paths = tuple(
            path
            for place in places_of(server, contract.schema[0], folder)
            for path in _paths(place)
        )
        _share(found, contract, paths, server, several=True)
    return found


def data_at(place: str, table: SchemaObject, server: Server | None = None) -> DataSet:
    """What a path, a pattern or a folder stands for, as the data of one table.

    Raises `UsageError` where nothing is there, or files of several formats.
    """
    found = FoundData()
    _add(found, table, list(_paths(place)), server)
    return found.sets[0]


def _split(given: str, contract: Contract) -> tuple[str | None, str]:
    """`NAME=PATH` where NAME is one of the contract's tables, or no such path is there."""
    match = _NAMED.fullmatch(given)
    if match is None or _existing(given):
        return None, given
    name, place = match.groups()
    known = [known for table in contract.schema for known in table.names]
    if name in known or not any(character in name for character in "./"):
        return name, place
    return None, given


def _table_named(contract: Contract, name: str) -> SchemaObject:
    for table in contract.schema:
        if name in table.names:
            return table
    known = [each.name for each in contract.schema]
    raise UsageError(
        f"the contract has no schema object {name!r}{did_you_mean(name, known)}",
        code="MESH-C020",
        where=contract.where,
    )


def _existing(place: str) -> tuple[Path, ...]:
    try:
        return tuple(_paths(place))
    except UsageError:
        return ()


def _paths(place: str) -> Iterator[Path]:
    """The files and tables that a path, a pattern or a folder stands for, sorted."""
    if "\0" in place:
        raise UsageError(f"{place!r} is no path", code="MESH-C021")
    path = Path(place)
    if os.path.lexists(path):
        yield from _unfolded(path)
        return
    if _WILD.search(place):
        matches = sorted(glob.iglob(place, recursive=True))  # noqa: PTH207 (an absolute pattern)
        files = [Path(each) for each in matches]
        files = [each for each in files if not each.is_dir() or table_format_of(each)]
        if files:
            yield from _few(files, place)
            return
        there = did_you_mean(place, [each for each in _neighbours(path) if is_data(Path(each))])
        raise UsageError(f"no file matches {place}{there}", code="MESH-C021")
    near = nearest(path.name, _neighbours(path))
    hint = f"; did you mean {near}?" if near else ""
    fix = quote(shown_path(path.with_name(near))) if near else None
    raise UsageError(f"there is no {shown_path(path)}{hint}", code="MESH-C021", fix=fix)


def _neighbours(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.parent.iterdir())[:1000]
    except OSError:
        return []


def _unfolded(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        if not path.is_file():
            raise UsageError(
                f"{shown_path(path)} is no file: what a pipe or a device says is read once only",
                code="MESH-C021",
                fix="write it to a file first",
            )
        yield path
        return
    if table_format_of(path) is not None:
        yield path
        return
    files = sorted(each for each in path.rglob("*") if is_data(each) and each.is_file())
    tables = sorted({each.parent for each in path.rglob("_delta_log")})
    tables += sorted({each.parent.parent for each in path.rglob("metadata/*.metadata.json")})
    files = [each for each in files if not any(each.is_relative_to(table) for table in tables)]
    if not files and not tables:
        told = f"{shown_path(path)} holds no data file, by the ends of their names"
        raise UsageError(told, code="MESH-C021", fix="name the file itself, whatever it is called")
    yield from _few([*tables, *files], str(path))


def _few(files: list[Path], place: str) -> list[Path]:
    if len(files) > MOST_FILES:
        raise UsageError(f"{place} stands for {len(files):,} files", code="MESH-C021")
    return files


def _share(
    found: FoundData,
    contract: Contract,
    paths: Sequence[Path],
    server: Server | None,
    *,
    several: bool,
) -> None:
    """Give each file to the table that it is named after."""
    if len(contract.schema) == 1:
        _add(found, contract.schema[0], paths, server)
        return
    strangers = []
    for path in paths:
        if _format(path, _describing(path, server, found)) is Format.DUCKDB:
            for table in contract.schema:
                _add(found, table, [path], server)
            continue
        owner = table_of(path, contract.schema)
        if owner is None:
            strangers.append(path)
        else:
            _add(found, owner, [path], server)
    if strangers and (not several or len(strangers) == len(paths)):
        names = ", ".join(each.name for each in contract.schema)
        first = shown_path(strangers[0])
        raise UsageError(
            f"{first} is named after none of the contract's schema objects ({names})",
            code="MESH-C020",
            fix=f"say whose it is: --data {contract.schema[0].name}={first}",
        )
    if strangers:
        told = ", ".join(each.name for each in strangers[:5])
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        found.notes.append(f"named after no schema object, and left aside: {told}{more}")


def table_of(path: Path, tables: Sequence[SchemaObject]) -> SchemaObject | None:
    """The table that a file is named after, or else a folder that it lies in.

    `orders.csv`, `orders-2024.csv.gz` and `orders/part-0.csv` are orders'; of several names the
    longest is meant, so `orders_lines.csv` is not.
    """
    by_name = {name.rpartition(".")[2].lower(): table for table in tables for name in table.names}
    by_name |= {name.lower(): table for table in tables for name in table.names}
    own = path.name.lower()
    begins = [name for name in by_name if _begins(own, name)]
    if begins:
        return by_name[max(begins, key=len)]
    for folder in reversed(path.parent.parts):
        if folder.lower() in by_name:
            return by_name[folder.lower()]
    return None


def _begins(file: str, name: str) -> bool:
    rest = file.removeprefix(name)
    return file.startswith(name) and (not rest or not rest[0].isalpha())


def _add(
    found: FoundData, table: SchemaObject, paths: Sequence[Path], server: Server | None
) -> None:
    for path in paths:
        described = _describing(path, server, found)
        format_ = _format(path, described)
        own = _set_of(found, table)
        if own is None:
            found.sets.append(DataSet(table, format_, [path], described))
        elif own.format is not format_:
            raise UsageError(
                f"the data of {table.name} is of two formats: {own.paths[0]} is {own.format}, "
                f"{path} is {format_}",
                code="MESH-C022",
                fix="test one format at a time",
            )
        elif path not in own.paths:
            own.paths.append(path)


def _describing(path: Path, server: Server | None, found: FoundData) -> Server | None:
    """The server, unless a file that was given is of another format by its name.

    `.txt` is what texts of any format are called.
    """
    if server is None or server.format is None or not found.given or path.is_dir():
        return server
    named = None if ".txt" in path.suffixes else format_named(path)
    return server if named in (None, format_called(server.format)) else None


def _format(path: Path, server: Server | None) -> Format:
    """A table's folder is what it is; a file what the server says, else what it looks like."""
    if path.is_dir() or path.name.endswith(".metadata.json"):
        return format_of(path)
    stated = server.format if server else None
    if stated in ("delta", "iceberg"):
        raise UsageError(f"{path} is a file, and no {stated} table's folder", code="MESH-C022")
    return format_called(stated) if stated else format_of(path)


def _set_of(found: FoundData, table: SchemaObject) -> DataSet | None:
    return next((each for each in found.sets if each.table is table), None)
