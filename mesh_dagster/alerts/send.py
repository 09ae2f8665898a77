"""Trying many messages at once, none longer than it may take.

Each try is a thread of its own: a server that neither answers nor breaks off holds up nobody, and
neither does a plugin that knows no timeout. A try that was left behind may still arrive; the next
one carries the same key.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from time import monotonic

from mesh_dagster.alerts.notifier import NotNow
from mesh_dagster.journal.letters import Claim

AT_ONCE = 16
SILENT = 3
"""Tries of a channel in a row without any answer, after which the others are spared it."""

Result = tuple[Claim, BaseException | None]


class NoAnswer(NotNow):
    """The other side said nothing in time."""


class Senders:
    """Tries claims by a function that delivers one.

    `left` are, after `results`, those that were not tried: their channel gives no answer, or the
    time was over.
    """

    def __init__(self, deliver: Callable[[Claim], None], timeout: float, until: float) -> None:
        self._deliver, self._timeout, self._until = deliver, timeout, until
        self._silent: Counter[str] = Counter()
        self.left: list[Claim] = []

    @property
    def unanswering(self) -> set[str]:
        """The channels that give no answer."""
        return {name for name, times in self._silent.items() if times >= SILENT}

    def results(self, claims: Sequence[Claim]) -> Iterator[list[Result]]:
        """The claims that were tried, and how each ended: together what ended together."""
        waiting, ended = deque(claims), SimpleQueue[Result]()
        running: dict[str, tuple[Claim, float]] = {}
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                claim = waiting.popleft()
                if claim.recipient.channel in self.unanswering or monotonic() > self._until:
                    self.left.append(claim)
                    continue
                running[claim.id] = (claim, monotonic() + self._timeout)
                start(self._try, claim, ended)
            if some := self._ended(running, ended):
                yield some

    def _ended(
        self, running: dict[str, tuple[Claim, float]], ended: SimpleQueue[Result]
    ) -> list[Result]:
        if not running:
            return []
        first = min(deadline for _, deadline in running.values())
        some: list[Result] = []
        try:
            some.append(ended.get(timeout=max(0.0, first - monotonic())))
            while True:
                some.append(ended.get_nowait())
        except Empty:
            pass
        # One that was given up before it ended is not told twice.
        some = [each for each in some if running.pop(each[0].id, None) is not None]
        for claim, _ in some:
            self._silent.pop(claim.recipient.channel, None)
        over = [claim for claim, deadline in running.values() if deadline <= monotonic()]
        for claim in over:
            del running[claim.id]
            self._silent[claim.recipient.channel] += 1
            some.append((claim, NoAnswer(f"no answer in {self._timeout:g} seconds")))
        return some

    def _try(self, claim: Claim, ended: SimpleQueue[Result]) -> None:
        error: BaseException | None = None
        try:
            self._deliver(claim)
        except BaseException as raised:  # noqa: BLE001 (a plugin may raise anything)
            error = raised
        ended.put((claim, error))


def start(function: Callable[..., None], *arguments: object) -> None:
    """Run it in a thread that nobody waits for, not even the end of the process."""
    threading.Thread(target=function, args=arguments, daemon=True).start()
