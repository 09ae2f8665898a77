"""Trying many messages at once, none longer than it may take.

Each try is a thread of its own: a server that neither answers nor breaks off holds up nobody, and
neither does a plugin that knows no timeout. A try that was left behind may still arrive, and is
told as soon as that is known; the next one carries the same key.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from time import monotonic

from mesh_dagster.alerts.notifier import NoAnswer
from mesh_dagster.journal.letters import Claim

AT_ONCE = 16
SILENT = 3
"""Tries of a channel in a row without any answer, after which the others are spared it."""

Result = tuple[Claim, BaseException | None]
_Try = tuple[str, int]
"""A message, and which try of it."""


class Senders:
    """Tries claims by a function that delivers one.

    `longest` says how many seconds one try by a channel may take. `left` are, after `results`,
    those that were not tried: their channel gives no answer, or the time was over.
    """

    def __init__(
        self, deliver: Callable[[Claim], None], longest: Callable[[str], float], until: float
    ) -> None:
        self._deliver, self._longest, self._until = deliver, longest, until
        self._ended: SimpleQueue[Result] = SimpleQueue()
        self._silent: Counter[str] = Counter()
        self.left: list[Claim] = []

    @property
    def unanswering(self) -> set[str]:
        """The channels that give no answer."""
        return {name for name, times in self._silent.items() if times >= SILENT}

    def results(self, claims: Sequence[Claim]) -> Iterator[list[Result]]:
        """The claims that were tried, and how each ended: together what ended together.

        A claim that got no answer is told once more if it arrives after all.
        """
        waiting = deque(claims)
        running: dict[_Try, tuple[Claim, float]] = {}
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                claim = waiting.popleft()
                channel = claim.recipient.channel
                if channel in self.unanswering or monotonic() > self._until:
                    self.left.append(claim)
                    continue
                running[_try(claim)] = (claim, monotonic() + self._longest(channel))
                start(self._deliver_one, claim)
            if running and (some := [*self._answered(running), *self._overdue(running)]):
                yield some

    def _answered(self, running: dict[_Try, tuple[Claim, float]]) -> Iterator[Result]:
        """What ended before the first has to: also what arrived after it was given up."""
        first = min(deadline for _, deadline in running.values())
        found: list[Result] = []
        try:
            found.append(self._ended.get(timeout=max(0.0, first - monotonic())))
            while True:
                found.append(self._ended.get_nowait())
        except Empty:
            pass
        for claim, error in found:
            in_time = running.pop(_try(claim), None) is not None
            if isinstance(error, NoAnswer | TimeoutError):
                self._silent[claim.recipient.channel] += in_time
            else:
                self._silent.pop(claim.recipient.channel, None)
            if in_time or error is None:
                yield claim, error

    def _overdue(self, running: dict[_Try, tuple[Claim, float]]) -> Iterator[Result]:
        """What is given up, as it takes too long."""
        now = monotonic()
        for claim in [claim for claim, deadline in running.values() if deadline <= now]:
            del running[_try(claim)]
            channel = claim.recipient.channel
            self._silent[channel] += 1
            yield claim, NoAnswer(f"no answer in {self._longest(channel):g} seconds")

    def _deliver_one(self, claim: Claim) -> None:
        error: BaseException | None = None
        try:
            self._deliver(claim)
        except BaseException as raised:  # noqa: BLE001 (a plugin may raise anything)
            error = raised
        self._ended.put((claim, error))


def _try(claim: Claim) -> _Try:
    return (claim.id, claim.tries)


def start(function: Callable[..., None], *arguments: object) -> None:
    """Run it in a thread that nobody waits for, not even the end of the process."""
    threading.Thread(target=function, args=arguments, daemon=True).start()
