"""Emptying the outbox of run events into one sink: take, deliver, record; again until it is empty.

What is in memory is bounded by what is taken at once. A sink that takes nothing is left alone,
longer each time, and what waits for it stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from mesh_dagster import clock
from mesh_dagster.errors import first_line
from mesh_dagster.journal.deliveries import Deliveries, Outgoing, Tried
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.lineage.sink import NotNow, Refused, Sink
from mesh_dagster.lineage.workers import Result, Workers

TAKEN = 256
"""Events that are taken at once; twice as many may be in memory."""

TOGETHER = 128
"""Ends that are recorded in one transaction, or those of a moment."""

_MOMENT = 0.1

LEASE = 20.0
_LONGEST_ERROR = 500
_MOST_DOUBLINGS = 30


@dataclass
class Sent:
    """What emptying an outbox into a sink came to, in events. `paused`: it takes nothing now."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    paused: str = ""

    def __str__(self) -> str:
        told = f"{self.delivered} delivered, {self.failed} to be tried again, {self.dead} given up"
        return f"{told}; {self.paused}" if self.paused else told


def drain(deliveries: Deliveries, routes: Routes, name: str, *, seconds: float = 40) -> Sent:
    """Deliver what is due to a sink. It ends after so many seconds and the tries going on then.

    Raises `JournalError`, and what cannot be right about the sink's settings; what the sink
    itself raises is recorded with the event.
    """
    failures, until = deliveries.paused().get(name, (0, None))
    if until is not None and until > clock.wall():
        return Sent(paused=f"left alone until {until:%H:%M:%S} UTC")
    sink = routes.open(name)
    try:
        return _Drain(deliveries, routes, name, sink, failures).run(seconds)
    finally:
        sink.close()


class _Drain:
    def __init__(
        self, deliveries: Deliveries, routes: Routes, name: str, sink: Sink, failures: int
    ) -> None:
        self._deliveries, self._routes, self._name, self._sink = deliveries, routes, name, sink
        self._failures = failures
        """How often the sink was left alone so far."""
        self._sent = Sent()
        self._ended: list[Tried] = []
        self._recorded = monotonic()
        self._pause: BaseException | None = None

    def run(self, seconds: float) -> Sent:
        until = monotonic() + seconds
        workers = Workers(self._sink, self._routes.timeout)
        renewed = monotonic()
        try:
            while True:
                going_on = self._pause is None and monotonic() < until
                if going_on and workers.busy < TAKEN:
                    self._take(workers)
                if not workers.busy or not going_on:
                    break
                self._note_all(workers)
                if monotonic() - renewed > LEASE / 3:
                    renewed = monotonic()
                    self._deliveries.renew(self._name, workers.held, lease=LEASE)
            self._finish(workers)
        finally:
            workers.close()
        return self._sent

    def _take(self, workers: Workers) -> None:
        if not workers.busy:
            self._record()  # what has arrived lets go what comes after it
        found = self._deliveries.take(self._name, lease=LEASE, limit=TAKEN)
        by_run: dict[str, list[Outgoing]] = {}
        for each in found:
            by_run.setdefault(each.run, []).append(each)
        workers.put(by_run.values())

    def _finish(self, workers: Workers) -> None:
        """What is under way comes to its end, what is not yet goes back."""
        left = workers.withdraw()
        while workers.busy:
            self._note_all(workers)
        self._record()
        self._deliveries.hand_back(self._name, [*left, *workers.left])
        if self._pause is not None:
            self._leave_alone(self._pause)

    def _note_all(self, workers: Workers) -> None:
        for result in workers.results(most=TOGETHER):
            self._note(result)
        self._pause = self._pause or workers.refuses
        if len(self._ended) >= TOGETHER or monotonic() - self._recorded > _MOMENT:
            self._record()

    def _note(self, result: Result) -> None:
        event, error = result
        if error is None:
            if self._failures:
                self._failures = 0
                self._deliveries.resume(self._name)
            self._sent.delivered += 1
            self._ended.append(Tried(event.event, event.tries))
            return
        retry_at = None if isinstance(error, Refused) else self._again(error, event.tries)
        self._sent.failed += retry_at is not None
        self._sent.dead += retry_at is None
        self._ended.append(Tried(event.event, event.tries, self._said(error), retry_at))

    def _record(self) -> None:
        self._recorded = monotonic()
        if self._ended:
            ended, self._ended = self._ended, []
            self._deliveries.end(self._name, self._settled(ended))

    def _settled(self, ended: list[Tried]) -> list[Tried]:
        """The same, once what has arrived is there to stay; otherwise none of it has."""
        try:
            self._sink.settle()
        except Exception as error:  # noqa: BLE001 (a plugin may raise anything)
            self._pause = error
            again = self._again(error, 1)
            return [
                each if each.error else Tried(each.event, each.tries, self._said(error), again)
                for each in ended
            ]
        return ended

    def _again(self, error: BaseException, tries: int) -> datetime:
        after = error.after if isinstance(error, NotNow) else None
        return clock.wall() + timedelta(seconds=self._wait(tries, after))

    def _wait(self, tries: int, after: float | None) -> float:
        """`first`, doubled each time, up to `longest`; as long as it was asked for at least."""
        longest = self._routes.longest
        doubled: float = self._routes.first * 2.0 ** min(max(tries - 1, 0), _MOST_DOUBLINGS)
        return max(min(doubled, longest), min(after or 0.0, longest))

    def _leave_alone(self, error: BaseException) -> None:
        failures = self._failures + 1
        until = self._again(error, failures)
        said = self._said(error)
        self._deliveries.pause(self._name, said, failures=failures, until=until)
        self._sent.paused = f"left alone until {until:%H:%M:%S} UTC: {said}"

    def _said(self, error: BaseException) -> str:
        said = first_line(error)
        if not isinstance(error, NotNow | Refused):
            said = f"{type(error).__name__}: {said}"
        return self._routes.without_secrets(self._name, said)[:_LONGEST_ERROR]
