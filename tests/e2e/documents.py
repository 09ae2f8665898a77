"""The project's documents, done word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from e2e.checkout import ROOT, Checkout

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a document: its language, what stands after that, and its text."""

    language: str
    info: str
    text: str


def blocks(document: str) -> list[Block]:
    """The fenced blocks of a document, in their order."""
    found = _FENCE.findall((ROOT / document).read_text(encoding="utf-8"))
    return [Block(language, info.strip(), text) for language, info, text in found]


def follow(checkout: Checkout, block: Block) -> str:
    """Do what a block of a document says; what it printed.

    Shell lines may state how they end (`exit=1`), a file's block names the file that it is, and
    one that begins with `of` shows a part of a file that is there.
    """
    match block.language, block.info.split():
        case "sh", []:
            return checkout.call(block.text)
        case "sh", [code]:
            return checkout.call(block.text, expect=int(code.removeprefix("exit=")))
        case "python", []:
            return checkout.call(f"python - <<'END'\n{block.text}END")
        case _, ["of", path]:
            assert block.text in (checkout.root / path).read_text(encoding="utf-8")
        case _, [path]:
            target = checkout.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
    return ""
