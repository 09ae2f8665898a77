"""Where a statement of SQL ends: at a semicolon that stands in no text, name or comment."""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""'(?:[^']|'')*'            # a text
    |"(?:[^"]|"")*"              # a name
    |\$(\w*)\$.*?\$\1\$          # a text between dollars
    |--[^\n]*                    # a comment
    |/\*.*?\*/
    |;""",
    re.VERBOSE | re.DOTALL,
)
_OPEN = re.compile(r"'|\"|/\*|\$\w*\$")


def divided(text: str) -> tuple[list[str], str]:
    """The statements that have ended, without their semicolons, and what has not."""
    found: list[str] = []
    start = at = 0
    while True:
        piece = _PIECE.search(text, at)
        opened = _OPEN.search(text, at)
        if piece is None or (opened is not None and opened.start() < piece.start()):
            break  # a text, a name or a comment that goes on in the next line
        at = piece.end()
        if piece[0] == ";":
            found.append(text[start : piece.start()].strip())
            start = at
    return [each for each in found if each], text[start:].lstrip()
