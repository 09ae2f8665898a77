"""YAML text <-> plain values with line numbers.

Descriptors come from anybody, so the text is bounded before it is trusted: PyYAML's composer
follows any nesting into a stack overflow that kills the process, and a few aliases of aliases
unfold into gigabytes. Scalars are read by the YAML 1.2 core schema, whose values are JSON's,
as are the standards'; so `no` is a text and `2013-01-01` too. What is written is quoted
wherever a YAML 1.1 reader would not read a text.
"""

from __future__ import annotations

import os
import re
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from mesh_dagster.descriptors.source import Map, Seq, Source, shown

LARGEST_FILE = 2 * 1024 * 1024
DEEPEST = 60
MOST_NODES = 200_000

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Without O_NONBLOCK a named pipe in the place of a file would be waited for."""

_PLAIN = "plain"
_QUOTED = "quoted"
_KNOWN_TAGS = {_PLAIN, _QUOTED, "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq"}
_KNOWN_TAGS |= {"tag:yaml.org,2002:map", "!"}
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,5})?", re.ASCII)
_NUMBER_STARTS = frozenset("0123456789+-.")


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Hooks:
    """What the composer asks for each node. It knows no limits itself."""

    depth = 0

    def descend_resolver(self, parent: Node | None, _index: object) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _TooDeepError(parent.start_mark.line + 1 if parent else 1)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, _kind: type, _value: object, implicit: object) -> str:
        return _PLAIN if type(implicit) is tuple and implicit[0] else _QUOTED

    def dispose(self) -> None:
        """Nothing to let go of; PyYAML's loaders have it."""


def _composer() -> type:
    """A composer class over libyaml, or over pure Python where it was built without."""
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        from yaml.composer import Composer
        from yaml.parser import Parser
        from yaml.reader import Reader
        from yaml.scanner import Scanner

        class Pure(_Hooks, Reader, Scanner, Parser, Composer):
            def __init__(self, text: str) -> None:
                Reader.__init__(self, text)
                Scanner.__init__(self)
                Parser.__init__(self)
                Composer.__init__(self)

        return Pure
    return type("Fast", (_Hooks, CParser), {})


_Composer = _composer()


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
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, text, source)
        return None
    except yaml.YAMLError as error:
        source.report("MESH-D004", f"is not YAML: {str(error).splitlines()[0]}")
        return None
    except UnicodeEncodeError as error:
        source.report("MESH-D003", f"is not Unicode text: {error.reason}")
        return None
    except _TooDeepError as error:
        source.report("MESH-D006", f"is nested deeper than {DEEPEST} levels", error.line)
        return None
    return _top_level(root, source)


def _top_level(root: Node | None, source: Source) -> Map | None:
    if not isinstance(root, MappingNode):
        conversion = _Conversion(source)
        value = None if root is None else conversion.convert(root)
        what = "empty" if value is None else shown(value)
        source.report("MESH-D004", f"is {what}, expected a mapping of keys to values", 1)
        return None
    conversion = _Conversion(source)
    result = conversion.mapping(root)
    return None if conversion.stopped else result


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


class _Conversion:
    """Composed nodes to `Map`, `Seq` and scalars, counting what aliases unfold into."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.left = MOST_NODES
        self.depth = 0
        self.stopped = False

    def convert(self, node: Node) -> Any:
        if type(node) is ScalarNode:
            self.left -= 1
            return node.value if node.tag == _QUOTED else self.scalar(node)
        if self.stopped:
            return None
        self.depth += 1
        if self.depth > DEEPEST or self.left <= 0:
            return self.stop(node)
        try:
            if isinstance(node, MappingNode):
                return self.mapping(node)
            return self.sequence(node)
        finally:
            self.depth -= 1

    def mapping(self, node: MappingNode) -> Map:
        result = Map()
        lines: dict[str, int] = {}
        self.left -= 1 + len(node.value)
        if node.tag != _QUOTED:
            self.check_tag(node)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if type(key) is not str:
                self.source.report("MESH-D004", "a key is a mapping or a list, not a text", line)
            elif key in lines:
                message = f"`{key}` is here twice; the first is in line {lines[key]}"
                self.source.report("MESH-D005", message, line, fix="remove one of them")
            else:
                lines[key] = line
                result[key] = self.convert(value_node)
        result.line, result.lines = node.start_mark.line + 1, lines
        return result

    def sequence(self, node: Any) -> Seq:
        if node.tag != _QUOTED:
            self.check_tag(node)
        result = Seq([self.convert(each) for each in node.value])
        result.line = node.start_mark.line + 1
        result.lines = [each.start_mark.line + 1 for each in node.value]
        return result

    def scalar(self, node: ScalarNode) -> Any:
        if node.tag != _PLAIN:
            self.check_tag(node)
            return node.value
        return plain_scalar(node.value)

    def check_tag(self, node: Node) -> None:
        if node.tag not in _KNOWN_TAGS:
            message = f"has the tag {shown(node.tag)}; descriptors are plain values"
            self.source.report("MESH-D004", message, node.start_mark.line + 1)

    def stop(self, node: Node) -> None:
        self.stopped = True
        message = f"its aliases unfold into more than {MOST_NODES:,} values or {DEEPEST} levels"
        self.source.report("MESH-D006", message, node.start_mark.line + 1)


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
