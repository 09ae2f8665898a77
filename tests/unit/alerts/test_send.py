"""Tries side by side: each as long as its channel may take, and heard of whenever it ends."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from time import monotonic

from mesh_dagster.alerts.notifier import NoAnswer
from mesh_dagster.alerts.send import SILENT, Senders
from mesh_dagster.journal.letters import Claim
from mesh_dagster.model.message import Recipient

PATIENT = 200.0


def claim(id: str, channel: str) -> Claim:
    return Claim(id, Recipient(channel, "team"), 1, datetime(2026, 1, 1, tzinfo=UTC), ())


def longest(channel: str) -> float:
    return 0.1 if channel == "quick" else PATIENT


def test_what_arrives_after_it_was_given_up_has_arrived() -> None:
    begins, ends = threading.Event(), threading.Event()

    def deliver(given: Claim) -> None:
        (begins if given.id == "late" else ends).wait(PATIENT)

    senders = Senders(deliver, longest, monotonic() + PATIENT)
    results = senders.results([claim("late", "quick"), claim("other", "slow")])
    ((given_up, error),) = next(results)
    assert given_up.id == "late"
    assert isinstance(error, NoAnswer)
    begins.set()
    ((arrived, error),) = next(results)
    assert (arrived.id, error) == ("late", None)
    ends.set()
    ((other, error),) = next(results)
    assert (other.id, error) == ("other", None)
    assert next(results, None) is None


def test_what_fails_after_it_was_given_up_is_told_once() -> None:
    begins, failed, ends = threading.Event(), threading.Event(), threading.Event()

    def deliver(given: Claim) -> None:
        if given.id == "late":
            begins.wait(PATIENT)
            failed.set()
            raise OSError("broken")
        ends.wait(PATIENT)

    senders = Senders(deliver, longest, monotonic() + PATIENT)
    results = senders.results([claim("late", "quick"), claim("other", "slow")])
    next(results)
    begins.set()
    failed.wait(PATIENT)
    ends.set()
    assert [given.id for some in results for given, _ in some] == ["other"]


def test_a_channel_that_says_by_itself_that_there_is_no_answer_is_left_alone() -> None:
    tried: list[str] = []

    def deliver(given: Claim) -> None:
        tried.append(given.id)
        raise TimeoutError("timed out") if len(tried) % 2 else NoAnswer("nothing")

    senders = Senders(deliver, longest, monotonic() + PATIENT)
    claims = [claim(f"{n}", "slow") for n in range(100)]
    assert sum(len(some) for some in senders.results(claims)) == len(tried)
    assert SILENT <= len(tried) < 50
    assert senders.unanswering == {"slow"}
    assert len(senders.left) == 100 - len(tried)
