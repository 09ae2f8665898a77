"""Changing a few values in a YAML text of a person: comments, order and spelling stay.

A document that is written anew loses what a person put into it beside its values. Here the text
is cut open where a value stands, and nowhere else. Whatever way a text is written, what comes out
reads as the document with exactly these values changed, or nothing comes out at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mesh_dagster.descriptors import syntax, writing
from mesh_dagster.descriptors.source import Source
from mesh_dagster.errors import DescriptorError, UsageError

UNEDITABLE = "MESH-D080"


class Named(NamedTuple):
    """The item of a list whose `key` says `value`; where there is none it is added."""

    key: str
    value: str


Place = tuple[str | int | Named, ...]
"""From the top down: `("outputPorts", 0, "version")`."""


def custom(name: str) -> Place:
    """Where a custom property of the whole document has its value."""
    return ("customProperties", Named("property", name), "value")


def edited(text: str, changes: Mapping[Place, Any], name: str) -> str:
    """The text with other values at some places; `name` is the file's, for messages.

    Raises `UsageError` for a text in which that cannot be done without changing more.
    """
    for place, value in changes.items():
        before = _read(text, name)
        try:
            candidate = _put(text, place, value)
            whole = _read(candidate, name) == _changed(before, place, value)
        except (yaml.YAMLError, DescriptorError, LookupError, ValueError, TypeError):
            whole = False
        if not whole:
            raise UsageError(
                f"{name} is written in a way in which {_spelled(place)} cannot be changed alone",
                code=UNEDITABLE,
                where=name,
                fix=f"change it by hand: {_spelled(place)}: {_flow(value)}",
            )
        text = candidate
    return text


def _read(text: str, name: str) -> Any:
    source = Source(name)
    document = syntax.read(text, source)
    source.refuse()
    return syntax.plain(document)


def _changed(document: Any, place: Place, value: Any) -> Any:
    """The value of a document with another one at a place."""
    if not place:
        return syntax.plain(value)
    part, rest = place[0], place[1:]
    match part:
        case str():
            before = dict(document or {})
            return {**before, part: _changed(before.get(part), rest, value)}
        case int():
            return [
                _changed(each, rest, value) if at == part else each
                for at, each in enumerate(document)
            ]
    items = list(document or [])
    at = _position(items, part)
    if at is None:
        return [*items, _changed({part.key: part.value}, rest, value)]
    return [_changed(each, rest, value) if n == at else each for n, each in enumerate(items)]


def _position(items: list[Any], asked: Named) -> int | None:
    found = (
        at
        for at, each in enumerate(items)
        if isinstance(each, Mapping) and each.get(asked.key) == asked.value
    )
    return next(found, None)


def _put(text: str, place: Place, value: Any) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for at, part in enumerate(place):
        child = _child(node, part)
        if child is None:
            return _added(text, node, part, _nested(place[at + 1 :], value, part))
        node = child
    if node is None:
        raise LookupError("there is no document")
    return _replaced(text, node, value)


def _child(node: Node | None, part: str | int | Named) -> Node | None:
    if isinstance(node, MappingNode) and isinstance(part, str):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, SequenceNode) and isinstance(part, int):
        item: Node = node.value[part]
        return item
    if isinstance(node, SequenceNode) and isinstance(part, Named):
        for item in node.value:
            found = _child(item, part.key)
            if isinstance(found, ScalarNode) and found.value == part.value:
                each: Node = item
                return each
    return None


def _nested(rest: Place, value: Any, part: str | int | Named) -> Any:
    """What is to be added where a part of a place is not there: all that is below it."""
    inner = _changed(None, rest, value) if rest else value
    if isinstance(part, Named):
        return {part.key: part.value, **inner}
    return inner


def _replaced(text: str, node: Node, value: Any) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    kept = text[:end].rstrip()
    if isinstance(node, ScalarNode) and node.style not in ("|", ">"):
        space = " " if start == end and text[start - 1 : start] == ":" else ""
        return text[:start] + space + _flow(value) + text[end:]
    return text[:start] + _flow(value) + text[max(len(kept), start) :]


def _added(text: str, node: Node | None, part: str | int | Named, value: Any) -> str:
    """The text with a further key in a mapping, or a further item in a list."""
    if not isinstance(node, MappingNode | SequenceNode) or isinstance(part, int):
        raise LookupError("nothing can be added there")
    new = value if isinstance(part, Named) else {part: value}
    if node.flow_style:
        at = node.end_mark.index - 1
        inner = _flow(new) if isinstance(part, Named) else _flow(new)[1:-1]
        return f"{text[:at].rstrip()}{', ' if node.value else ''}{inner}{text[at:]}"
    column = (node.value[0][0] if isinstance(node, MappingNode) else node).start_mark.column
    lines = _block([new] if isinstance(part, Named) else new)
    line_end = "\r\n" if "\r\n" in text else "\n"
    added = "".join(f"{line_end}{' ' * column}{line}" for line in lines)
    at = _end_of_line(text, node)
    return text[:at] + added + text[at:]


def _end_of_line(text: str, node: Node) -> int:
    """Where the line ends in which the last value of a block ends, its comment included."""
    while isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = len(text[: node.end_mark.index].rstrip())
    found = text.find("\n", end)
    at = len(text) if found < 0 else found
    return at - 1 if text[at - 1 : at] == "\r" else at


def _block(value: Any) -> list[str]:
    """A value in lines, short mappings in one."""
    return writing.write(value).rstrip("\n").split("\n")


def _flow(value: Any) -> str:
    """A value on one line."""
    return writing.write_inline(value)


def _spelled(place: Place) -> str:
    parts = [each.value if isinstance(each, Named) else str(each) for each in place]
    return ".".join(parts)
