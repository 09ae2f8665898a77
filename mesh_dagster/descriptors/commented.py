"""A document as YAML with a comment beside some of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from mesh_dagster.descriptors import writing

Place = tuple[str | int, ...]
"""Keys and positions from the top: `("schema", 0, "properties", 2, "required")`."""


def write(document: Mapping[str, Any], comments: Mapping[Place, str]) -> str:
    """A document as YAML, each comment at the end of the line in which its key stands.

    A comment of several lines, of an item of a list, or of `()`, stands above. One of a place
    that the document does not have is left out.
    """
    text = writing.write(document)
    lines = text.split("\n")
    starts = dict(_starts(yaml.compose(text, Loader=yaml.SafeLoader), ()))
    above: dict[int, list[str]] = {}
    for place, comment in comments.items():
        said = [f"# {each}".rstrip() for each in _harmless(comment).split("\n")]
        if place == ():
            above.setdefault(0, []).extend(said)
            continue
        if place not in starts:
            continue
        line, indent = starts[place]
        item = isinstance(place[-1], int)
        if len(said) == 1 and not item and not _goes_on(lines, line):
            lines[line] += f"  {said[0]}"
        else:
            above.setdefault(line, []).extend(" " * indent + each for each in said)
    return "\n".join(
        part for number, line in enumerate(lines) for part in (*above.get(number, ()), line)
    )


def _starts(node: Node | None, place: Place) -> Any:
    """Each key of the text with its line and indentation."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*place, key.value)
            yield inner, (key.start_mark.line, key.start_mark.column)
            yield from _starts(value, inner)
    elif isinstance(node, SequenceNode):
        for number, value in enumerate(node.value):
            inner = (*place, number)
            # The dash of an item stands two before it.
            yield inner, (value.start_mark.line, max(0, value.start_mark.column - 2))
            yield from _starts(value, inner)


def _goes_on(lines: list[str], line: int) -> bool:
    """Whether the value of this line is a text that does not end in it."""
    value = lines[line].partition(": ")[2]
    quote = value[:1]
    return quote in ("'", '"') and (len(value) == 1 or not value.endswith(quote))


def _harmless(comment: str) -> str:
    """Values of data stand in comments: none may end one, or drive a terminal."""
    kept = (each if each == "\n" or each.isprintable() else "\ufffd" for each in comment)
    return "".join(kept)
