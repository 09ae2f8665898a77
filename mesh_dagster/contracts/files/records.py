"""The records of JSON files, one at a time, whatever way they are put together.

An array of objects, one object, objects on lines of their own or simply after each other: what
stands there decides, not what the file is called. Nothing but the current stretch of text is in
memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.files.spool import texts
from mesh_dagster.errors import EvaluationError

LONGEST_RECORD = 64 << 20
"""Characters; a longer one is no record of a table, and would have to be held in memory."""

_BLANK = re.compile(r"[ \t\r\n]*")
Record = dict[str, Any]


def records(path: Path, encoding: str | None = None, *, exact: bool = False) -> Iterator[Record]:
    """Every record of a file. `exact`: numbers with a fraction come as decimals.

    Raises `EvaluationError` with the line where the text is no JSON, or no object.
    """
    reader = _Reader(path, encoding, exact=exact)
    if reader.peek() == "[":
        yield from reader.array()
    else:
        yield from reader.sequence()


class _Reader:
    """A text that is read in stretches, and knows its line."""

    def __init__(self, path: Path, encoding: str | None, *, exact: bool) -> None:
        self.path = path
        self.blocks = texts(path, encoding)
        self.text = ""
        self.at = 0
        self.line = 1
        self.ended = False
        number = Decimal if exact else float
        self.decode = json.JSONDecoder(
            parse_float=number, parse_constant=self._no_number
        ).raw_decode

    def peek(self) -> str:
        """The next character that is no blank; '' at the end."""
        while True:
            self.at = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text) or not self._more():
                return self.text[self.at : self.at + 1]

    def array(self) -> Iterator[Record]:
        self.at += 1
        following = self.peek()
        while following != "]":
            yield self._record()
            following = self.peek()
            if following == ",":
                self.at += 1
                if self.peek() == "]":
                    raise self._broken("has a comma before the end of its array")
                following = ""
            elif following != "]":
                raise self._broken(
                    f"has {following!r} where a comma or the end of its array goes"
                    if following
                    else "ends before its array does"
                )
        self.at += 1
        if self.peek():
            raise self._broken("goes on after the end of its array")

    def sequence(self) -> Iterator[Record]:
        while self.peek():
            yield self._record()

    def _record(self) -> Record:
        value = self._value()
        if not isinstance(value, dict):
            kind = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
            told = kind.get(type(value), "a number")
            raise self._broken(f"has {told} where a record goes, which is an object")
        return value

    def _value(self) -> Any:
        while True:
            try:
                value, end = self.decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if not self.ended:
                    self._more()
                    continue
                raise self._broken(f"is no JSON: {error.msg}", error.pos) from None
            except RecursionError:
                raise self._broken("is nested too deeply to be read") from None
            except ValueError as error:
                raise self._broken(f"is no JSON: {str(error)[:80]}") from None
            if end == len(self.text) and not self.ended:
                self._more()
                continue
            self.at = end
            return value

    def _more(self) -> bool:
        """Another stretch of text: twice as much as is there, so that nothing is read often."""
        if self.ended:
            return False
        if len(self.text) - self.at > LONGEST_RECORD:
            raise self._broken(f"has a record of more than {LONGEST_RECORD >> 20} MB")
        self.line += self.text.count("\n", 0, self.at)
        rest, got = [self.text[self.at :]], 0
        while got <= len(rest[0]):
            block = next(self.blocks, None)
            if block is None:
                self.ended = True
                break
            rest.append(block)
            got += len(block)
        self.text, self.at = "".join(rest), 0
        return got > 0

    def _broken(self, told: str, at: int | None = None) -> EvaluationError:
        line = self.line + self.text.count("\n", 0, self.at if at is None else at)
        return EvaluationError(
            f"{self.path} cannot be read as JSON: line {line:,} {told}",
            code="MESH-C024",
            where=f"{self.path}:{line}",
            fix="mend that line; what is no JSON cannot be held against a contract",
        )

    def _no_number(self, word: str) -> Any:
        raise ValueError(f"{word} is no number of JSON")
