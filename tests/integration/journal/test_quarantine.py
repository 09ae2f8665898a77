"""What waits in quarantine is decided once, and on the record."""

from __future__ import annotations

import pytest

from mesh_dagster import clock
from mesh_dagster.errors import JournalError
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.snapshot import Outcome

PRODUCT = "weather/observations/v1"


@pytest.fixture
def waiting(journal, make):
    """An attempt that published one partition and left two waiting."""
    failed = (make.result("key.unique", Verdict.FAILED, checked=69, failed=3),)
    return make.finished(
        journal,
        make.decision("2013-11-02", publication=1),
        make.decision("2013-11-03", Outcome.QUARANTINED, rows=69, results=failed),
        make.decision("2013-11-04", Outcome.QUARANTINED, results=failed),
        product=PRODUCT,
    )


def test_only_what_is_open_waits_with_its_own_files(journal, make, waiting):
    journal.decide(waiting, "2013-11-04", Outcome.DISCARDED)
    ((attempt, decision, staged),) = journal.quarantined(PRODUCT)
    assert attempt == journal.attempt(waiting)
    assert (decision.partition, decision.rows) == ("2013-11-03", 69)
    assert [file.partition for port in staged for file in port.files] == ["2013-11-03"]
    assert journal.quarantined("weather/other/v1") == []
    assert journal.quarantined() == journal.quarantined(PRODUCT)


def test_a_release_carries_its_publication_and_its_new_audit(journal, make, waiting):
    publication = make.publication(2, waiting, ("2013-11-03",))
    passed = (make.result("key.unique", checked=69, failed=0),)

    journal.decide(waiting, "2013-11-03", Outcome.RELEASED, publication=publication, results=passed)

    found = {each.partition: each for each in journal.attempt(waiting).decisions}["2013-11-03"]
    assert found.outcome is Outcome.RELEASED
    assert (found.publication, found.rows, found.results) == (2, 69, passed)
    assert journal.publications(PRODUCT) == [publication]
    assert journal.last_results(PRODUCT, "2013-11-03") == passed


def test_the_history_keeps_who_when_and_why(journal, make, waiting):
    (first,) = journal.history(waiting, "2013-11-03")
    moment = first.at.replace(year=2014)
    with clock.frozen(moment):
        journal.decide(
            waiting, "2013-11-03", Outcome.DISCARDED, by="ada", why="the station was down"
        )

    first, second = journal.history(waiting, "2013-11-03")

    assert first.decision.outcome is Outcome.QUARANTINED
    assert (first.by, first.why) == (None, None)
    assert second.decision.outcome is Outcome.DISCARDED
    assert (second.at, second.by, second.why) == (moment, "ada", "the station was down")
    assert second.decision.results == first.decision.results


def test_a_second_audit_that_fails_leaves_it_waiting_with_new_results(journal, make, waiting):
    worse = (make.result("key.unique", Verdict.FAILED, checked=69, failed=69),)
    journal.decide(waiting, "2013-11-03", Outcome.QUARANTINED, results=worse)
    again = journal.quarantined(PRODUCT)[0]
    assert (again.decision.partition, again.decision.results) == ("2013-11-03", worse)
    assert len(journal.history(waiting, "2013-11-03")) == 2
    journal.decide(waiting, "2013-11-03", Outcome.DISCARDED)
    assert [each.decision.partition for each in journal.quarantined(PRODUCT)] == ["2013-11-04"]


def test_a_second_decider_is_told_who_was_first(journal, waiting):
    journal.decide(waiting, "2013-11-03", Outcome.DISCARDED, by="ada")
    with pytest.raises(JournalError, match="it is discarded by ada") as caught:
        journal.decide(waiting, "2013-11-03", Outcome.RELEASED, by="grace")
    assert caught.value.code == "MESH-M035"
    assert len(journal.history(waiting, "2013-11-03")) == 2


@pytest.mark.parametrize(
    ("partition", "why"), [("2013-11-02", "it is published"), ("1999-01-01", "nothing was decided")]
)
def test_what_is_not_in_quarantine_cannot_be_decided(journal, waiting, partition, why):
    with pytest.raises(JournalError, match=why):
        journal.decide(waiting, partition, Outcome.RELEASED)
    assert len(journal.quarantined(PRODUCT)) == 2


def test_a_newer_publication_of_the_partition_closes_it_as_superseded(journal, make, waiting):
    newer = make.finished(journal, make.decision("2013-11-03", publication=2), product=PRODUCT)
    assert [each.decision.partition for each in journal.quarantined(PRODUCT)] == ["2013-11-04"]
    *_, last = journal.history(waiting, "2013-11-03")
    assert last.decision.outcome is Outcome.SUPERSEDED
    assert last.why == f"attempt {newer} published it"


def test_a_newer_quarantine_leaves_the_older_one_to_its_owner(journal, make, waiting):
    make.finished(journal, make.decision("2013-11-03", Outcome.QUARANTINED), product=PRODUCT)
    keys = [each.decision.partition for each in journal.quarantined(PRODUCT)]
    assert keys == ["2013-11-03", "2013-11-03", "2013-11-04"]
    assert journal.summary()[0].quarantined == 2


def test_an_older_attempt_that_ends_later_closes_nothing_newer(journal, make):
    older = make.begun(journal, PRODUCT)
    newer = make.finished(
        journal, make.decision("2013-11-03", Outcome.QUARANTINED), product=PRODUCT
    )
    journal.finish(older, [make.decision("2013-11-03", publication=1)])
    assert [each.attempt.id for each in journal.quarantined(PRODUCT)] == [newer]


def test_a_product_without_partitions_waits_as_a_whole(journal, make):
    attempt = make.finished(
        journal, make.decision(None, Outcome.QUARANTINED), product="fleet/carriers/v1"
    )
    ((_, decision, staged),) = journal.quarantined("fleet/carriers/v1")
    assert decision.partition is None
    assert staged == (make.staged(attempt, None, None),)
    journal.decide(attempt, None, Outcome.DISCARDED)
    assert journal.quarantined() == []
