"""Threads that hand events to a sink: runs side by side, the events of one run in their order.

None takes longer than it may: a thread that a sink keeps is left behind, and another takes its
place. What it was trying may still arrive; the next try carries the same bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic

from mesh_dagster.journal.deliveries import Outgoing
from mesh_dagster.lineage.sink import NotNow, Refused, Sink

Result = tuple[Outgoing, BaseException | None]
_End = tuple[Result | None, Sequence[Outgoing]]
"""How a try ended, and what was not tried after it."""

PATIENT = 3
"""Tries in a row that may fail before the sink is left alone."""

_MOMENT = 0.1
"""Seconds after which whoever waits for results looks at the clock."""


@dataclass
class _Hand:
    """One thread: what it is trying, since when, and what comes after that of the same run."""

    event: Outgoing | None = None
    since: float = 0.0
    rest: Sequence[Outgoing] = ()
    left_behind: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Workers:
    """Tries events. `left` are those not tried, as one before them of their run failed."""

    def __init__(self, sink: Sink, timeout: float) -> None:
        self._sink, self._timeout = sink, timeout
        self._hands: list[_Hand] = []
        self._runs: SimpleQueue[Sequence[Outgoing] | None] = SimpleQueue()
        self._ended: SimpleQueue[_End] = SimpleQueue()
        self._held: set[int] = set()
        self._counting = threading.Lock()
        self._in_vain = 0
        """Tries that failed since one did not."""
        self.left: list[int] = []
        self.refuses: BaseException | None = None
        """Why nothing is tried any more: what the sink said last of those that it did not take."""

    @property
    def held(self) -> frozenset[int]:
        """The events that were put and have no end yet."""
        return frozenset(self._held)

    @property
    def busy(self) -> int:
        """How many these are."""
        return len(self._held)

    def put(self, runs: Iterable[Sequence[Outgoing]]) -> None:
        """Have events tried, those of one run in their order."""
        for run in runs:
            self._held.update(each.event for each in run)
            self._runs.put(run)
            if len(self._hands) < self._sink.AT_ONCE:
                self._start()

    def withdraw(self) -> list[int]:
        """Take back the events of runs that nobody has begun."""
        taken: list[int] = []
        try:
            while True:
                taken += (each.event for each in self._runs.get_nowait() or ())
        except Empty:
            self._held.difference_update(taken)
            return taken

    def results(self, most: int) -> list[Result]:
        """What has ended since, some at once; after a moment also nothing."""
        found: list[_End] = []
        try:
            found.append(self._ended.get(timeout=_MOMENT))
            while len(found) < most:
                found.append(self._ended.get_nowait())
        except Empty:
            found += self._overdue()
        for result, rest in found:
            self.left += (each.event for each in rest)
            self._held.difference_update(each.event for each in rest)
            if result is not None:
                self._held.discard(result[0].event)
        return [result for result, _ in found if result is not None]

    def close(self) -> None:
        """Let the threads end, each after what it is at."""
        for _ in self._hands:
            self._runs.put(None)

    def _start(self) -> None:
        hand = _Hand()
        self._hands.append(hand)
        threading.Thread(target=self._work, args=(hand,), daemon=True).start()

    def _overdue(self) -> list[_End]:
        """What takes too long; its threads are left behind."""
        found: list[_End] = []
        for hand in list(self._hands):
            with hand.lock:
                if hand.event is None or monotonic() - hand.since < self._timeout:
                    continue
                hand.left_behind = True
                error = NotNow(f"no answer in {self._timeout:g} seconds")
                found.append(((hand.event, error), hand.rest))
            self._count(error)
            self._hands.remove(hand)
            self._start()
        return found

    def _work(self, hand: _Hand) -> None:
        while (run := self._runs.get()) is not None:
            if self.refuses is not None:
                self._ended.put((None, run))
                continue
            for at, event in enumerate(run):
                with hand.lock:
                    hand.event, hand.since, hand.rest = event, monotonic(), run[at + 1 :]
                error = self._tried(event)
                self._count(error)
                with hand.lock:
                    if hand.left_behind:
                        return
                    hand.event = None
                    rest = () if error is None or isinstance(error, Refused) else hand.rest
                    self._ended.put(((event, error), rest))
                if rest:
                    break

    def _count(self, error: BaseException | None) -> None:
        with self._counting:
            if error is None:
                self._in_vain = 0
            elif not isinstance(error, Refused):
                self._in_vain += 1
                of_all = isinstance(error, NotNow) and error.of_all
                if of_all or self._in_vain >= PATIENT:
                    self.refuses = error

    def _tried(self, event: Outgoing) -> BaseException | None:
        try:
            self._sink.deliver(event)
        except BaseException as raised:  # noqa: BLE001 (a plugin may raise anything)
            return raised
        return None
