"""What columns are made of is kept when it changes, and told of what is published."""

from __future__ import annotations

from mesh_dagster.clock import new_id
from mesh_dagster.journal.journal import Journal
from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.model.snapshot import PublicationKind

PRODUCT = "flights/departures/v1"
INPUT = InputColumn(Address.parse("network/airports/v1"), "faa", Use.JOIN)
SOURCE = InputColumn(None, "tail num", Use.IDENTITY, "file")
FIRST = {"": ColumnLineage({"z": (SOURCE,), "a": None, "k": ()}, (INPUT,), Evidence.PLAN)}
THIRD = {"": ColumnLineage({"z": ()}, (), Evidence.SQL)}
SECOND = {"": ColumnLineage({"z": (SOURCE, INPUT)}, None, None)}


def publish(journal: Journal, make, attempt: str, number: int) -> None:
    journal.record_publication(PRODUCT, make.publication(number, attempt), ())


def test_it_is_told_as_it_was_found(journal: Journal, make) -> None:
    attempt = new_id()
    journal.found_columns(PRODUCT, attempt, "one", FIRST)
    assert journal.columns(PRODUCT) == {}
    publish(journal, make, attempt, 1)
    found = journal.columns(PRODUCT)
    assert found == FIRST
    assert list(found[""].columns) == ["z", "a", "k"]
    assert journal.columns("flights/other/v1") == {}


def test_what_was_found_from_the_same_is_known(journal: Journal) -> None:
    journal.found_columns(PRODUCT, new_id(), "one", FIRST)
    assert journal.columns_of_digest(PRODUCT, [""], "one") == FIRST
    assert journal.columns_of_digest(PRODUCT, [""], "two") is None
    assert journal.columns_of_digest(PRODUCT, ["", "late"], "one") is None


def test_what_is_not_published_is_not_told(journal: Journal, make) -> None:
    first, second = new_id(), new_id()
    journal.found_columns(PRODUCT, first, "one", FIRST)
    publish(journal, make, first, 1)
    journal.found_columns(PRODUCT, second, "two", SECOND)
    assert journal.columns(PRODUCT) == FIRST
    publish(journal, make, second, 2)
    assert journal.columns(PRODUCT) == SECOND


def test_the_same_from_another_text_is_no_change(journal: Journal) -> None:
    for digest in ("one", "one", "two"):
        journal.found_columns(PRODUCT, new_id(), digest, FIRST)
    assert journal.columns_of_digest(PRODUCT, [""], "one") is None
    assert journal.columns_of_digest(PRODUCT, [""], "two") == FIRST


def test_a_rollback_tells_what_it_shows_again(journal: Journal, make) -> None:
    first, quarantined, second = new_id(), new_id(), new_id()
    journal.found_columns(PRODUCT, first, "one", FIRST)
    publish(journal, make, first, 1)
    journal.found_columns(PRODUCT, quarantined, "two", SECOND)
    journal.found_columns(PRODUCT, second, "three", THIRD)
    publish(journal, make, second, 2)
    known = {"": frozenset({"z", "k"})}
    for number in (3, 4):
        again = make.publication(
            number,
            new_id(),
            kind=PublicationKind.ROLLBACK,
            ports={"": make.publication(1, first).ports[""]},
        )
        assert journal.columns(PRODUCT) == (THIRD if number == 3 else FIRST)
        assert journal.columns(PRODUCT, again) == FIRST
        journal.record_publication(PRODUCT, again)
        assert journal.columns(PRODUCT) == FIRST
        assert journal.scores.seen([PRODUCT])[PRODUCT].known == known


def test_nobody_knows_what_a_rollback_shows_whose_state_is_not_recorded(
    journal: Journal, make
) -> None:
    attempt = new_id()
    journal.found_columns(PRODUCT, attempt, "one", FIRST)
    publish(journal, make, attempt, 2)
    ports = {"": make.publication(1, attempt).ports[""]}
    again = make.publication(3, new_id(), kind=PublicationKind.ROLLBACK, ports=ports)
    assert journal.columns(PRODUCT, again) == {}
    journal.record_publication(PRODUCT, again)
    assert journal.columns(PRODUCT) == {}
