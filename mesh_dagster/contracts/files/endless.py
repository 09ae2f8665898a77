"""That the records of a CSV end: a scan holds one in memory, however long it is."""

from __future__ import annotations

from pathlib import Path

from mesh_dagster.contracts.files.spool import BLOCK
from mesh_dagster.errors import EvaluationError

LONGEST_RECORD = 64 << 20
"""Bytes. A quote that is not closed makes one record of all that follows it."""


def demand_records(plain: Path, path: Path, quote: str | None) -> None:
    """Refuse a file with a record that is too long. `plain` is what is scanned in its place.

    Raises `EvaluationError`.
    """
    if plain.stat().st_size <= LONGEST_RECORD:
        return
    mark = quote.encode() if quote else None
    begin = at = 0
    inside = False
    with plain.open("rb") as file:
        while block := file.read(BLOCK):
            if _ends_one(block, mark, inside=inside):
                begin = at
            at += len(block)
            inside ^= bool(mark and block.count(mark) % 2)
            if at - begin > LONGEST_RECORD:
                raise EvaluationError(
                    f"{path} cannot be read as CSV: a record goes on for more than "
                    f"{LONGEST_RECORD >> 20} MB, from about byte {begin:,}",
                    code="MESH-C024",
                    fix="close the quote if one is open there, or say in the contract's server "
                    "how the file is written (quote, encoding)",
                )


def _ends_one(block: bytes, mark: bytes | None, *, inside: bool) -> bool:
    """Whether a line ends in a block outside of quotes; of most blocks the last line does."""
    if mark is None:
        return b"\n" in block
    last = block.rfind(b"\n")
    if last < 0:
        return False
    if block.count(mark, 0, last) % 2 == inside:
        return True
    return any(b"\n" in part for part in block.split(mark)[inside::2])
