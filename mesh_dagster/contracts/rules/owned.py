"""Quality entries that their owner wrote: queries, Python, and texts for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from mesh_dagster.contracts.rules.dialects import stated_dialect
from mesh_dagster.contracts.rules.kinds import NONE_ALLOWED, Bound, Code, Equals, Sql, Text
from mesh_dagster.contracts.rules.thresholds import answer_of, bound_of
from mesh_dagster.model.contract import Property, Quality, SchemaObject

ENGINES = ("python", "pandera")
_FILE = "checks.py"
_NAMES = {"python": ("function", "name"), "pandera": ("schema", "model", "name")}
_FILES = ("file", "path", "module")


def text_rule(quality: Quality, identity: Mapping[str, Any]) -> Text:
    """What the contract tells people."""
    told = quality.rest.get("description") or quality.name or "the contract says it in words"
    return Text(message=_line(told), **identity)


def sql_rule(
    quality: Quality, table: SchemaObject, dialect: str, identity: Mapping[str, Any]
) -> Sql:
    """The query of an entry. Raises `ValueError` saying what of it cannot be used."""
    query = quality.rest.get("query")
    if not isinstance(query, str) or not query.strip():
        raise ValueError("there is no `query` to run")
    answer = answer_of(quality)
    told = quality.rest.get("description") or quality.name or query
    return Sql(
        message=_line(told),
        query=query,
        dialect=stated_dialect(quality.rest) or dialect,
        tables=tuple(reversed(table.names)),
        bound=answer if isinstance(answer, Bound) else None,
        equals=answer if isinstance(answer, Equals) else None,
        **identity,
    )


def code_rule(quality: Quality, at: Property | None, identity: Mapping[str, Any]) -> Code:
    """The Python of an entry. Raises `ValueError` saying what of it cannot be used."""
    engine = str(quality.rest.get("engine"))
    file, name, given = _implementation(quality.rest.get("implementation"), engine)
    if problem := outside(file):
        raise ValueError(problem)
    arguments = {**quality.arguments, **given}
    if unknown := [key for key in arguments if not isinstance(key, str) or not key.isidentifier()]:
        raise ValueError(f"{unknown[0]!r} is no name of an argument")
    told = quality.rest.get("description") or quality.name
    return Code(
        message=_line(told or f"{file}::{name}" + (f" of {at.column}" if at else "")),
        engine=engine,
        file=file,
        name=name,
        arguments=tuple(arguments.items()),
        bound=bound_of(quality) if quality.operator else NONE_ALLOWED,
        **identity,
    )


def outside(file: str) -> str | None:
    """Why a file cannot be one beside the contract; None where it can."""
    path = PurePosixPath(file)
    if "\\" in file or "\0" in file or ":" in file or path.is_absolute() or ".." in path.parts:
        return f"{file!r} does not lie in the contract's own folder"
    if path.suffix != ".py":
        return f"{file!r} is no Python file"
    return None


def _implementation(stated: Any, engine: str) -> tuple[str, str, Mapping[str, Any]]:
    """The file, the name in it and the arguments of `checks.py::name`, or of a mapping."""
    if isinstance(stated, str):
        file, colons, name = stated.strip().rpartition("::")
        return _named(file.strip() if colons else _FILE, name.strip(), engine), name.strip(), {}
    if not isinstance(stated, Mapping):
        raise ValueError(f"`implementation` names what to run, as in {_FILE}::{_NAMES[engine][0]}")
    known = {*_FILES, *_NAMES[engine], "arguments"}
    if unknown := [key for key in stated if key not in known]:
        listed = ", ".join(sorted(known))
        raise ValueError(
            f"{unknown[0]!r} is nothing that `implementation` knows; it knows {listed}"
        )
    said: Any = next((stated[key] for key in _FILES if key in stated), _FILE)
    called = next((stated[key] for key in _NAMES[engine] if key in stated), None)
    arguments = stated.get("arguments") or {}
    if not isinstance(said, str) or not isinstance(arguments, Mapping):
        raise ValueError("`file` is a text and `arguments` a mapping")
    return _named(said, called, engine), str(called), arguments


def _named(file: str, name: Any, engine: str) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        wanted = f"{_FILE}::{_NAMES[engine][0]}"
        raise ValueError(f"{name!r} names no {_NAMES[engine][0]}, as {wanted} does")
    return file


def _line(told: Any, most: int = 200) -> str:
    """The text as one line."""
    line = " ".join(str(told).split())
    return line if len(line) <= most else f"{line[:most]}…"
