"""Which numbers occur more than once: exactly, by sorting, in memory that does not grow.

Sorting numbers of fixed width takes a fraction of what a table of them does, in CPU and in
memory. Beyond `RUN` of them sorted runs go to a temporary file, and are held against each other
range of values by range of values.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt

RUN = 16 * 2**20
"""Numbers that are sorted at once: 128 MiB of them."""

LISTED = 2**20
"""Repeated numbers that are told; of more only how often."""

Numbers = npt.NDArray[Any]


@dataclass(slots=True)
class Repeated:
    """How many numbers lie beyond the first of each, and which they are; None if too many."""

    beyond: int = 0
    listed: list[Numbers] | None = field(default_factory=list)

    def of(self, numbers: Numbers) -> Numbers:
        """Count what is repeated in sorted numbers, and give back each of them once."""
        again = numbers[1:] == numbers[:-1]
        count = int(np.count_nonzero(again))
        if count == 0:
            return numbers
        self.beyond += count
        self._list(numbers[1:][again])
        return numbers[np.concatenate(([True], ~again))]

    def _list(self, numbers: Numbers) -> None:
        if self.listed is not None:
            self.listed.append(np.unique(numbers))
            if sum(map(len, self.listed)) > LISTED:
                self.listed = None

    def values(self) -> Numbers | None:
        """The repeated numbers, each once; None if they are too many to tell."""
        if self.listed is None:
            return None
        return np.unique(np.concatenate(self.listed)) if self.listed else np.empty(0, np.int64)


def repeated(batches: Iterable[Numbers], dtype: npt.DTypeLike, run: int = RUN) -> Repeated:
    """Count what is repeated in batches of numbers of one integer type."""
    found, buffer, filled = Repeated(), np.empty(run, dtype), 0
    with tempfile.TemporaryFile(prefix="mesh-keys-") as file:
        lengths: list[int] = []
        for batch in batches:
            rest = batch
            while len(rest) > run - filled:
                taken = run - filled
                buffer[filled:], rest = rest[:taken], rest[taken:]
                lengths.append(_spilled(file, buffer, found))
                filled = 0
            buffer[filled : filled + len(rest)] = rest
            filled += len(rest)
        last = buffer[:filled]
        if not lengths:
            last.sort()
            found.of(last)
            return found
        lengths.append(_spilled(file, last, found))
        _merge(file, lengths, buffer, found)
    return found


def _spilled(file: IO[bytes], numbers: Numbers, found: Repeated) -> int:
    numbers.sort()
    distinct = found.of(numbers)
    file.write(distinct.data.cast("B"))
    return len(distinct)


def _merge(file: IO[bytes], lengths: list[int], buffer: Numbers, found: Repeated) -> None:
    """Runs hold each number once: what a range of values holds twice is repeated."""
    file.flush()
    starts = np.cumsum([0, *lengths[:-1]])
    pivots = _pivots(file, buffer.dtype, starts, lengths, len(buffer))
    cuts = [
        [0, *(_position(file, buffer.dtype, int(start), length, each) for each in pivots), length]
        for start, length in zip(starts, lengths, strict=True)
    ]
    for slot in range(len(cuts[0]) - 1):
        parts = [
            _read(file, buffer.dtype, int(start) + cut[slot], cut[slot + 1] - cut[slot])
            for start, cut in zip(starts, cuts, strict=True)
        ]
        together = np.concatenate(parts)
        together.sort()
        found.of(together)


def _pivots(
    file: IO[bytes], dtype: np.dtype[Any], starts: Numbers, lengths: list[int], run: int
) -> list[Any]:
    """Numbers that cut all runs together into ranges of about a third of a run each."""
    wanted = -(-3 * sum(lengths) // run)
    samples = np.sort(
        np.concatenate(
            [
                _read(file, dtype, int(start) + length * part // (4 * wanted), 1)
                for start, length in zip(starts, lengths, strict=True)
                for part in range(4 * wanted)
                if length
            ]
        )
    )
    return list(samples[:: -(-len(samples) // wanted)][1:])


def _position(file: IO[bytes], dtype: np.dtype[Any], start: int, length: int, pivot: int) -> int:
    """Where in a sorted run the first number is that is not less than the pivot."""
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        if _read(file, dtype, start + middle, 1)[0] < pivot:
            low = middle + 1
        else:
            high = middle
    return low


def _read(file: IO[bytes], dtype: np.dtype[Any], start: int, count: int) -> Numbers:
    file.seek(start * dtype.itemsize)
    return np.frombuffer(file.read(count * dtype.itemsize), dtype)
