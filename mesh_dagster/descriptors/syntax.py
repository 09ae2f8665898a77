"""YAML text <-> plain values with line numbers.

Descriptors come from anybody, so what is read is bounded while it is read: PyYAML's own composer
follows any nesting into a stack overflow that kills the process, and a few aliases of aliases
unfold into gigabytes. Scalars are read by the YAML 1.2 core schema, whose values are JSON's,
as are the standards'; so `no` is a text and `2013-01-01` too. What is written is quoted
wherever a YAML 1.1 reader would not read a text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from mesh_dagster.descriptors.source import Map, Seq, Source, shown

LARGEST_FILE = 2 * 1024 * 1024
DEEPEST = 60
MOST_NODES = 200_000

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Without O_NONBLOCK a named pipe in the place of a file would be waited for."""

_KNOWN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_UNTAGGED = {None, "!"}
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,5})?", re.ASCII)
_NUMBER_STARTS = frozenset("0123456789+-.")


def _parser() -> type:
    """The parser of libyaml, or the one in Python where PyYAML was built without."""
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        from yaml.parser import Parser
        from yaml.reader import Reader
        from yaml.scanner import Scanner

        class Pure(Reader, Scanner, Parser):
            def __init__(self, text: str) -> None:
                Reader.__init__(self, text)
                Scanner.__init__(self)
                Parser.__init__(self)

        return Pure
    parser: type = CParser
    return parser


_Parser = _parser()


def read_file(path: Path, source: Source) -> Map | None:
    """The mapping in a YAML file; None, with findings in `source`, when there is none."""
    text = read_text(path, source)
    return None if text is None else read(text, source)


def read_text(path: Path, source: Source) -> str | None:
    """The text of a descriptor; a file that is too large is refused before it is read."""
    try:
        file = os.open(path, _OPEN)
        try:
            size = os.fstat(file).st_size
            data = b"" if size > LARGEST_FILE else os.read(file, (size or LARGEST_FILE) + 1)
        finally:
            os.close(file)
    except OSError as error:
        source.report("MESH-D003", f"cannot be read: {error.strerror or error}")
        return None
    if max(size, len(data)) > LARGEST_FILE:
        _too_large(max(size, len(data)), source)
        return None
    return decode(data, source)


def decode(data: bytes, source: Source) -> str | None:
    """UTF-8 text without binary; the finding names the line of the first bad byte."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 text: byte 0x{data[error.start]:02x} cannot stand here"
        source.report("MESH-D003", message, line, fix=f"iconv -t UTF-8 {source.name}")
        return None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        source.report("MESH-D003", "is binary, not YAML text", line)
        return None
    return text


def read(text: str, source: Source) -> Map | None:
    """The mapping that a YAML text is; None, with findings in `source`, when it is not one."""
    if len(text) > LARGEST_FILE:
        _too_large(len(text), source)
        return None
    try:
        value = _Reader(text, source).document()
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, text, source)
    except yaml.YAMLError as error:
        source.report("MESH-D004", f"is not YAML: {str(error).splitlines()[0]}")
    except UnicodeEncodeError as error:
        source.report("MESH-D003", f"is not Unicode text: {error.reason}")
    except _TooMuchError as error:
        source.report("MESH-D006", str(error), error.line)
    else:
        if type(value) is Map:
            return value
        what = "empty" if value is None else shown(value)
        source.report("MESH-D004", f"is {what}, expected a mapping of keys to values", 1)
    return None


def _too_large(size: int, source: Source) -> None:
    source.report(
        "MESH-D003",
        f"has {size:,} bytes, more than the {LARGEST_FILE:,} that a descriptor may have",
    )


def _report_syntax(error: yaml.MarkedYAMLError, text: str, source: Source) -> None:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = text.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    if here.lstrip(" ").startswith("\t"):
        message, fix = "a tab indents this line; YAML takes spaces only", "replace it by spaces"
    else:
        context = f" ({error.context})" if error.context else ""
        message, fix = f"is not YAML: {error.problem or 'unreadable'}{context}", None
    source.report("MESH-D004", message, line, fix=fix)


class _TooMuchError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Reader:
    """A parser's events -> `Map`, `Seq` and scalars, counting what aliases unfold into."""

    def __init__(self, text: str, source: Source) -> None:
        self.source = source
        self.next: Callable[[], Any] = _Parser(text).get_event
        self.anchors: dict[str, Any] = {}
        self.left = MOST_NODES
        self.depth = 0

    def document(self) -> Any:
        """What the only document of the stream says; None when there is none."""
        self.next()
        if type(self.next()) is StreamEndEvent:
            return None
        value = self.value(self.next())
        self.next()
        after = self.next()
        if type(after) is not StreamEndEvent:
            raise yaml.MarkedYAMLError(
                "expected a single document in the stream",
                problem="but found another document",
                problem_mark=after.start_mark,
            )
        return value

    def value(self, event: Any) -> Any:
        kind = type(event)
        self.left -= 1
        if kind is AliasEvent:
            return self.alias(event)
        if kind is ScalarEvent:
            value = self.scalar(event)
        else:
            self.depth += 1
            self.check_size(event)
            self.check_tag(event)
            value = self.mapping(event) if kind is MappingStartEvent else self.sequence(event)
            self.depth -= 1
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def mapping(self, start: Any) -> Map:
        result = Map()
        lines: dict[str, int] = {}
        while type(event := self.next()) is not MappingEndEvent:
            line = event.start_mark.line + 1
            if type(event) is ScalarEvent and event.anchor is None:
                self.left -= 1
                key = event.value
            else:
                key = self.value(event)
            value = self.value(self.next())
            if type(key) is not str:
                self.source.report("MESH-D004", "a key is a mapping or a list, not a text", line)
            elif key in lines:
                message = f"`{key}` is here twice; the first is in line {lines[key]}"
                self.source.report("MESH-D005", message, line, fix="remove one of them")
            else:
                lines[key] = line
                result[key] = value
        result.line, result.lines = start.start_mark.line + 1, lines
        return result

    def sequence(self, start: Any) -> Seq:
        result = Seq()
        lines = []
        while type(event := self.next()) is not SequenceEndEvent:
            lines.append(event.start_mark.line + 1)
            result.append(self.value(event))
        result.line, result.lines = start.start_mark.line + 1, lines
        return result

    def scalar(self, event: Any) -> Any:
        if event.tag not in _UNTAGGED:
            self.check_tag(event)
        elif event.implicit[0]:
            return plain_scalar(event.value)
        return event.value

    def alias(self, event: Any) -> Any:
        """A copy: what is wrong in one place is taken out there only."""
        if event.anchor not in self.anchors:
            raise yaml.MarkedYAMLError(
                problem=f"the alias *{event.anchor} names nothing that ends before it",
                problem_mark=event.start_mark,
            )
        return self.copied(self.anchors[event.anchor], event)

    def copied(self, value: Any, event: Any) -> Any:
        if type(value) not in (Map, Seq):
            return value
        self.left -= len(value)
        self.depth += 1
        self.check_size(event)
        copy: Any
        if type(value) is Map:
            copy = Map({key: self.copied(each, event) for key, each in value.items()})
            copy.lines = dict(value.lines)
        else:
            copy = Seq([self.copied(each, event) for each in value])
            copy.lines = list(value.lines)
        copy.line = value.line
        self.depth -= 1
        return copy

    def check_size(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if self.depth > DEEPEST:
            raise _TooMuchError(f"is nested deeper than {DEEPEST} levels", line)
        if self.left < 0:
            raise _TooMuchError(f"its aliases unfold into more than {MOST_NODES:,} values", line)

    def check_tag(self, event: Any) -> None:
        if event.tag not in _UNTAGGED and event.tag not in _KNOWN_TAGS:
            message = f"has the tag {shown(event.tag)}; descriptors are plain values"
            self.source.report("MESH-D004", message, event.start_mark.line + 1)


def plain_scalar(text: str) -> Any:
    """What an unquoted text means in the YAML 1.2 core schema, as far as JSON has it."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_STARTS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            return number if isfinite(number) else text
    return text


def located(data: Any) -> Any:
    """Plain values, from JSON for example, as a document whose lines nobody knows.

    Only for data whose size and depth are bounded already.
    """
    if isinstance(data, dict):
        result = Map({str(key): located(value) for key, value in data.items()})
        result.line, result.lines = 0, {}
        return result
    if isinstance(data, (list, tuple)):
        items = Seq([located(each) for each in data])
        items.line, items.lines = 0, [0] * len(items)
        return items
    return data


def plain(value: Any) -> Any:
    """A value of a document without its lines."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
